/** {@code nbd serve}: an NBD server for memory and files. */
package io.nbd4j.tools.serve;
