package io.nbd4j.testkit;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** This machine, as both versions of the protocol name it. */
public enum Loopback {
  /** 127.0.0.1. */
  IPV4(127, 0, 0, 1),
  /** ::1. */
  IPV6(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

  private final InetAddress address;

  Loopback(int... numbers) {
    byte[] bytes = new byte[numbers.length];
    for (int i = 0; i < numbers.length; i++) {
      bytes[i] = (byte) numbers[i];
    }
    try {
      address = InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  public InetAddress address() {
    return address;
  }

  /** A port to connect to or to listen on, 0 for any free one. */
  public InetSocketAddress port(int number) {
    return new InetSocketAddress(address, number);
  }
}
