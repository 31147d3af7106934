import org.jspecify.annotations.NullMarked;

/** The command-line tools. */
@NullMarked
module io.nbd4j.tools {
  requires static org.jspecify;
  requires io.nbd4j.client;
  requires io.nbd4j.server;
  requires org.apache.commons.cli;
}
