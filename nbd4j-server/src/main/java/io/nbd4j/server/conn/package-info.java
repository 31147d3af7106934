/** The protocol of the server: listeners, the handshake, and the loop that answers requests. */
package io.nbd4j.server.conn;
