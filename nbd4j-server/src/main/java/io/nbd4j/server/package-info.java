/** The server as a program sees it: what it exports, where it listens, how it ends. */
package io.nbd4j.server;
