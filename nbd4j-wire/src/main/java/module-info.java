import org.jspecify.annotations.NullMarked;

/** Numbers, messages and URIs of the NBD protocol, for clients and servers alike. */
@NullMarked
module io.nbd4j.wire {
  requires static transitive org.jspecify;

  exports io.nbd4j.uri;
  exports io.nbd4j.wire;
  exports io.nbd4j.wire.option;
  exports io.nbd4j.wire.transfer;
}
