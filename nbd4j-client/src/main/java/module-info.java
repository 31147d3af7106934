import org.jspecify.annotations.NullMarked;

/** The NBD client: the API of libnbd for the JVM. */
@NullMarked
module io.nbd4j.client {
  requires static transitive org.jspecify;
  requires transitive io.nbd4j.wire;
  requires io.nbd4j.net;

  exports io.nbd4j;
  exports io.nbd4j.model;
}
