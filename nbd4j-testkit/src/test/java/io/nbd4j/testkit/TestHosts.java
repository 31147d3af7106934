package io.nbd4j.testkit;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Names of several addresses, beside those that the system knows; Java finds it as a service. */
public final class TestHosts extends InetAddressResolverProvider {

  private static final String DOMAIN = ".nbd4j.test";

  static final String IPV6_FIRST = "ipv6-first" + DOMAIN;
  static final String IPV4_FIRST = "ipv4-first" + DOMAIN;

  /** A name without any address, which no name server is asked for. */
  static final String NOBODY = "nobody" + DOMAIN;

  private static final Map<String, List<Loopback>> HOSTS =
      Map.of(
          IPV6_FIRST, List.of(Loopback.IPV6, Loopback.IPV4),
          IPV4_FIRST, List.of(Loopback.IPV4, Loopback.IPV6));

  @Override
  public InetAddressResolver get(Configuration configuration) {
    InetAddressResolver system = configuration.builtinResolver();
    return new InetAddressResolver() {
      @Override
      public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
          throws UnknownHostException {
        List<Loopback> addresses = HOSTS.get(host);
        if (addresses != null) {
          return addresses.stream().map(Loopback::address);
        }
        if (host.endsWith(DOMAIN)) {
          throw new UnknownHostException(host);
        }
        return system.lookupByName(host, policy);
      }

      @Override
      public String lookupByAddress(byte[] address) throws UnknownHostException {
        return system.lookupByAddress(address);
      }
    };
  }

  @Override
  public String name() {
    return "hosts for tests";
  }
}
