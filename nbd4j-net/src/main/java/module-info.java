import org.jspecify.annotations.NullMarked;

/** Byte transports, subprocesses and the few system calls that Java lacks. */
@NullMarked
@SuppressWarnings("module") // The modules that this one exports to are built after it.
module io.nbd4j.net {
  requires static transitive org.jspecify;

  exports io.nbd4j.net to
      io.nbd4j.client,
      io.nbd4j.server;
  exports io.nbd4j.net.posix to
      io.nbd4j.client,
      io.nbd4j.server;
  exports io.nbd4j.net.spawn to
      io.nbd4j.client;
}
