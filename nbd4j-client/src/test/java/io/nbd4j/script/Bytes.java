package io.nbd4j.script;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Bytes put together field by field, big-endian, as the tables of the protocol show them. */
public final class Bytes {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Bytes written down in hexadecimal, with any white space between them. */
  public static Bytes hex(String digits) {
    return new Bytes().put(HexFormat.of().parseHex(digits.replaceAll("\\s", "")));
  }

  /** Messages one after the other. */
  public static Bytes all(Bytes... messages) {
    Bytes joined = new Bytes();
    for (Bytes message : messages) {
      joined.put(message);
    }
    return joined;
  }

  public Bytes u16(int value) {
    out.write(value >>> 8);
    out.write(value);
    return this;
  }

  public Bytes u32(long value) {
    return u16((int) (value >>> 16)).u16((int) value);
  }

  public Bytes u64(long value) {
    return u32(value >>> 32).u32(value);
  }

  public Bytes text(String text) {
    return put(text.getBytes(StandardCharsets.UTF_8));
  }

  public Bytes put(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  public Bytes put(Bytes bytes) {
    return put(bytes.toArray());
  }

  public Bytes zeroes(int count) {
    return put(new byte[count]);
  }

  public int size() {
    return out.size();
  }

  public byte[] toArray() {
    return out.toByteArray();
  }

  @Override
  public String toString() {
    return HexFormat.of().formatHex(toArray());
  }
}
