/**
 * The messages of the handshake: option requests, option replies, info items, and one codec for
 * both directions.
 */
package io.nbd4j.wire.option;
