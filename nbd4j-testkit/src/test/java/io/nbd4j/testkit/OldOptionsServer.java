package io.nbd4j.testkit;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A fixed newstyle server from before there was an option to go: it refuses every option but the
 * export's name, and answers every read with a byte that repeats.
 */
final class OldOptionsServer implements AutoCloseable {

  static final long SIZE = 1 << 20;
  static final byte CONTENT = 0x17;

  private static final long NBDMAGIC = 0x4e42444d41474943L;
  private static final long IHAVEOPT = 0x49484156454f5054L;
  private static final long OPTION_REPLY = 0x3e889045565a9L;
  private static final int SIMPLE_REPLY = 0x67446698;
  private static final int EXPORT_NAME = 1;
  private static final int ERR_UNSUP = 0x80000001;
  private static final int NO_ZEROES = 2;
  private static final int PADDING = 124;
  private static final int READ = 0;

  private final ServerSocket listener;
  private final Thread thread;
  private final List<Integer> options = Collections.synchronizedList(new ArrayList<>());

  OldOptionsServer() throws IOException {
    listener = new ServerSocket(0, 1, Loopback.IPV4.address());
    thread = Thread.ofVirtual().start(this::serve);
  }

  String port() {
    return Integer.toString(listener.getLocalPort());
  }

  /** The numbers of the options that the client has sent. */
  List<Integer> options() {
    return List.copyOf(options);
  }

  private void serve() {
    try (Socket client = listener.accept();
        DataInputStream in = new DataInputStream(client.getInputStream());
        DataOutputStream out = new DataOutputStream(client.getOutputStream())) {
      negotiate(in, out);
      while (true) {
        in.readInt();
        in.readShort();
        int command = in.readUnsignedShort();
        long cookie = in.readLong();
        in.readLong();
        int length = in.readInt();
        if (command != READ) {
          return;
        }
        out.writeInt(SIMPLE_REPLY);
        out.writeInt(0);
        out.writeLong(cookie);
        byte[] data = new byte[length];
        java.util.Arrays.fill(data, CONTENT);
        out.write(data);
      }
    } catch (IOException left) {
      // The client has gone, or the test is over.
    }
  }

  private void negotiate(DataInputStream in, DataOutputStream out) throws IOException {
    out.writeLong(NBDMAGIC);
    out.writeLong(IHAVEOPT);
    out.writeShort(3);
    int flags = in.readInt();
    while (true) {
      in.readLong();
      int option = in.readInt();
      in.readNBytes(in.readInt());
      options.add(option);
      if (option == EXPORT_NAME) {
        out.writeLong(SIZE);
        out.writeShort(1);
        out.write(new byte[(flags & NO_ZEROES) == 0 ? PADDING : 0]);
        return;
      }
      out.writeLong(OPTION_REPLY);
      out.writeInt(option);
      out.writeInt(ERR_UNSUP);
      out.writeInt(0);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    thread.interrupt();
  }
}
