import org.jspecify.annotations.NullMarked;

/** An NBD server to embed. */
@NullMarked
module io.nbd4j.server {
  requires static transitive org.jspecify;
  requires transitive io.nbd4j.wire;
  requires io.nbd4j.net;

  exports io.nbd4j.server;
  exports io.nbd4j.server.backend;
}
