package io.nbd4j.server.conn;

import java.util.List;

/** What the handshake agreed on. */
record Session(Export export, ReplyStyle style, List<MetaContext> contexts) {}
