package io.nbd4j.server.conn;

import io.nbd4j.wire.BaseAllocation;
import java.util.List;

/**
 * A meta context that block status can answer for, with the number that stands for it on the wire.
 */
record MetaContext(int id, String name) {
  private static final String NAMESPACE =
      BaseAllocation.CONTEXT.substring(0, BaseAllocation.CONTEXT.indexOf(':') + 1);

  static final MetaContext ALLOCATION = new MetaContext(1, BaseAllocation.CONTEXT);

  /**
   * What a LIST query finds: everything if there is no query, everything in a namespace for its
   * name alone.
   */
  static List<MetaContext> list(List<String> queries) {
    return queries.isEmpty() || queries.contains(NAMESPACE) ? List.of(ALLOCATION) : set(queries);
  }

  /** What a SET query selects: only what is named in full. Unknown names select nothing. */
  static List<MetaContext> set(List<String> queries) {
    return queries.contains(ALLOCATION.name) ? List.of(ALLOCATION) : List.of();
  }
}
