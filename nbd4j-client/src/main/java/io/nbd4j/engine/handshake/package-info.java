/** The handshake: one sequential machine, from the server's magic to transmission. */
package io.nbd4j.engine.handshake;
