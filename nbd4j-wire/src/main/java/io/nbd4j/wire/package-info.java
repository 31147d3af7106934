/** The numbers of the NBD protocol and their names in the specification. */
package io.nbd4j.wire;
