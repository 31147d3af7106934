import io.nbd4j.NbdHandle;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;

/** Reads again and again with one thread: LonePread URI COUNT SIZE. Prints time and allocation. */
class LonePread {

  public static void main(String[] args) throws Exception {
    int count = Integer.parseInt(args[1]);
    ByteBuffer buffer = ByteBuffer.allocateDirect(Integer.parseInt(args[2]));
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long me = Thread.currentThread().threadId();
    try (NbdHandle nbd = new NbdHandle()) {
      nbd.setPreadInitialize(false);
      nbd.connectUri(args[0]);
      for (int i = 0; i < count / 2; i++) {
        nbd.pread(buffer.clear(), 0);
      }
      long allocated = threads.getThreadAllocatedBytes(me);
      long started = System.nanoTime();
      for (int i = count / 2; i < count; i++) {
        nbd.pread(buffer.clear(), 0);
      }
      double commands = count - count / 2;
      System.out.printf(
          "%.1f us and %.2f bytes allocated a command%n",
          (System.nanoTime() - started) / 1000.0 / commands,
          (threads.getThreadAllocatedBytes(me) - allocated) / commands);
    }
  }
}
