/** How a connection comes about: sockets, subprocesses, socket activation. */
package io.nbd4j.engine.connect;
