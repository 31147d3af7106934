/** Byte transports and readiness: moving bytes, and waiting until they can be moved. */
package io.nbd4j.net;
