package io.nbd4j.script;

import java.util.List;

/** What a scripted server offers. */
public final class Export {

  public static final int HAS_FLAGS = 1;
  public static final int READ_ONLY = 2;
  public static final int FLUSH = 4;
  public static final int FUA = 8;
  public static final int TRIM = 0x20;
  public static final int ZERO = 0x40;
  public static final int DF = 0x80;
  public static final int CACHE = 0x400;
  public static final int FAST_ZERO = 0x800;
  public static final int STATUS_PAYLOAD = 0x1000;
  public static final int ALL =
      HAS_FLAGS | FLUSH | FUA | TRIM | ZERO | DF | CACHE | FAST_ZERO | STATUS_PAYLOAD;

  final long size;
  int flags = ALL;
  boolean structured;
  boolean extended;
  long minimum;
  long preferred;
  long maximum;
  List<String> contexts = List.of();

  private Export(long size) {
    this.size = size;
  }

  /** An export that can everything, over simple replies. */
  public static Export of(long size) {
    return new Export(size);
  }

  public Export flags(int transmissionFlags) {
    flags = transmissionFlags;
    return this;
  }

  public Export structured() {
    structured = true;
    return this;
  }

  public Export extended() {
    extended = true;
    structured = true;
    return this;
  }

  public Export blockSizes(long least, long best, long most) {
    minimum = least;
    preferred = best;
    maximum = most;
    return this;
  }

  /** The meta contexts that can be selected; their ids count from 1. */
  public Export contexts(String... names) {
    contexts = List.of(names);
    return this;
  }

  /** The byte that a scripted server's disk holds at an offset. */
  public static byte content(long offset) {
    return (byte) (offset * 31 + offset / 251 + 7);
  }

  /** What the disk holds in a range. */
  public static byte[] content(long offset, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = content(offset + i);
    }
    return bytes;
  }
}
