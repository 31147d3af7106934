/** Subprocesses with a socket on their standard streams, or activated by a listening socket. */
package io.nbd4j.net.spawn;
