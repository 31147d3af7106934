package io.nbd4j.server.backend;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A sparse array of pages that many threads use without a lock: a tree of fixed height with 512
 * slots a node, whose leaves are the pages. Nodes are made on demand and stay; pages come and go.
 */
final class PageTree {
  static final int PAGE_BITS = 15;
  static final int PAGE_SIZE = 1 << PAGE_BITS;

  private static final int FAN_BITS = 9;
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Object[].class);

  private final int height;
  private final Object[] root = newNode();

  PageTree(long pages) {
    int levels = 1;
    while (levels * FAN_BITS < 63 - PAGE_BITS && (pages - 1) >>> (levels * FAN_BITS) != 0) {
      levels++;
    }
    height = levels;
  }

  private static Object[] newNode() {
    return new Object[1 << FAN_BITS];
  }

  private static int slot(long page, int level) {
    return (int) (page >>> (level * FAN_BITS)) & ((1 << FAN_BITS) - 1);
  }

  /** The page, or null where there is a hole. */
  byte @Nullable [] get(long page) {
    Object[] node = root;
    for (int level = height - 1; level > 0; level--) {
      Object child = SLOT.getAcquire(node, slot(page, level));
      if (child == null) {
        return null;
      }
      node = (Object[]) child;
    }
    return (byte[]) SLOT.getAcquire(node, slot(page, 0));
  }

  /** Puts a page where there is a hole; returns null then, and otherwise the page that is there. */
  byte @Nullable [] putIfAbsent(long page, byte[] fresh) {
    return (byte[]) SLOT.compareAndExchange(leafNode(page), slot(page, 0), null, fresh);
  }

  /** Makes a hole. Returns whether there was a page. */
  boolean remove(long page) {
    Object[] node = root;
    for (int level = height - 1; level > 0; level--) {
      Object child = SLOT.getAcquire(node, slot(page, level));
      if (child == null) {
        return false;
      }
      node = (Object[]) child;
    }
    return SLOT.getAndSet(node, slot(page, 0), null) != null;
  }

  /**
   * The first page from {@code from} on that is not a hole, or {@code to} if there is none before
   * it.
   */
  long nextPage(long from, long to) {
    long page = from;
    while (page < to) {
      int hole = holeLevel(page);
      if (hole < 0) {
        return page;
      }
      // Everything under the empty slot is a hole: go on behind it.
      long span = 1L << (hole * FAN_BITS);
      page = (page & -span) + span;
    }
    return to;
  }

  /** The first hole from {@code from} on, or {@code to} if there is none before it. */
  long nextHole(long from, long to) {
    long page = from;
    while (page < to && get(page) != null) {
      page++;
    }
    return page;
  }

  /** The level of the empty slot on the way to a page, or -1 if the page is there. */
  private int holeLevel(long page) {
    Object[] node = root;
    for (int level = height - 1; level > 0; level--) {
      Object child = SLOT.getAcquire(node, slot(page, level));
      if (child == null) {
        return level;
      }
      node = (Object[]) child;
    }
    return SLOT.getAcquire(node, slot(page, 0)) == null ? 0 : -1;
  }

  private Object[] leafNode(long page) {
    Object[] node = root;
    for (int level = height - 1; level > 0; level--) {
      int slot = slot(page, level);
      Object child = SLOT.getAcquire(node, slot);
      if (child == null) {
        Object[] fresh = newNode();
        Object witness = SLOT.compareAndExchange(node, slot, null, fresh);
        child = witness == null ? fresh : witness;
      }
      node = (Object[]) child;
    }
    return node;
  }
}
