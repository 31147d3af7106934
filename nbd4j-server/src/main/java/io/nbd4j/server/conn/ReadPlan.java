package io.nbd4j.server.conn;

import io.nbd4j.server.backend.ExtentSink;
import java.util.Arrays;

/** How a read is split into runs of data and holes worth telling. */
final class ReadPlan implements ExtentSink {
  /** A shorter hole is sent as data: its chunk headers would save little. */
  static final int LEAST_HOLE = 4096;

  private static final int MOST_RUNS = 64;

  private final int length;
  private int[] ends = new int[4];
  private boolean[] holes = new boolean[4];
  private int runs;
  private int covered;

  ReadPlan(int length) {
    this.length = length;
  }

  @Override
  public boolean add(long extent, boolean hole, boolean zero) {
    if (extent <= 0) {
      throw new IllegalArgumentException("an extent of " + extent + " bytes");
    }
    int step = (int) Math.min(extent, length - covered);
    if (step > 0) {
      extend(step, zero && step >= LEAST_HOLE);
    }
    // The rest is data if it falls into too many pieces.
    return covered < length && runs < MOST_RUNS - 1;
  }

  /** Ends the plan: what no extent covers is data. */
  void finish() {
    if (covered < length) {
      extend(length - covered, false);
    }
  }

  /** Forgets every hole. */
  void allData() {
    runs = 0;
    covered = 0;
    finish();
  }

  int runs() {
    return runs;
  }

  boolean isHole(int run) {
    return holes[run];
  }

  int start(int run) {
    return run == 0 ? 0 : ends[run - 1];
  }

  int end(int run) {
    return ends[run];
  }

  private void extend(int step, boolean hole) {
    covered += step;
    if (runs > 0 && holes[runs - 1] == hole) {
      ends[runs - 1] = covered;
      return;
    }
    if (runs == ends.length) {
      ends = Arrays.copyOf(ends, 2 * runs);
      holes = Arrays.copyOf(holes, 2 * runs);
    }
    ends[runs] = covered;
    holes[runs] = hole;
    runs++;
  }
}
