/** The messages of the transmission: reusable views of headers and payloads in buffers. */
package io.nbd4j.wire.transfer;
