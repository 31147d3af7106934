/** {@code nbdinfo}: shows what an NBD server exports. */
package io.nbd4j.tools.info;
