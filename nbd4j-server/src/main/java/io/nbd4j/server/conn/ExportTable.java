package io.nbd4j.server.conn;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The exports of a server, in the order in which clients see them. */
public final class ExportTable {
  private final Map<String, Export> byName = new LinkedHashMap<>();
  private final @Nullable Export byDefault;

  /** A table in which the empty name means {@code byDefault}, unless an export has that name. */
  public ExportTable(Collection<Export> exports, @Nullable Export byDefault) {
    exports.forEach(export -> byName.put(export.name(), export));
    this.byDefault = byDefault;
  }

  @Nullable Export find(String name) {
    Export export = byName.get(name);
    return export == null && name.isEmpty() ? byDefault : export;
  }

  Collection<Export> all() {
    return byName.values();
  }
}
