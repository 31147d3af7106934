package io.nbd4j.server.conn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadPlanTest {
  private static String runs(ReadPlan plan) {
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < plan.runs(); i++) {
      runs.add((plan.isHole(i) ? "h" : "d") + plan.start(i) + "-" + plan.end(i));
    }
    return String.join(" ", runs);
  }

  @Test
  void longZeroesAreHolesAndShortOnesData() {
    ReadPlan plan = new ReadPlan(20_000);
    assertTrue(plan.add(4096, true, true));
    assertTrue(plan.add(100, false, false));
    assertTrue(plan.add(4095, true, true));
    assertTrue(plan.add(5000, false, true));
    assertTrue(plan.add(1000, true, false));
    assertFalse(plan.add(Long.MAX_VALUE, false, false));
    plan.finish();
    assertEquals("h0-4096 d4096-8291 h8291-13291 d13291-20000", runs(plan));
  }

  @Test
  void whatIsNotToldIsData() {
    ReadPlan plan = new ReadPlan(10_000);
    plan.add(5000, true, true);
    plan.finish();
    assertEquals("h0-5000 d5000-10000", runs(plan));
    plan.allData();
    assertEquals("d0-10000", runs(plan));
  }

  @Test
  void tooManyPiecesEndAsData() {
    ReadPlan plan = new ReadPlan(1 << 20);
    int added = 1;
    while (plan.add(4096, true, added % 2 == 0)) {
      added++;
    }
    plan.finish();
    assertTrue(plan.runs() <= 64, plan.runs() + " runs");
    assertEquals(1 << 20, plan.end(plan.runs() - 1));
    assertFalse(plan.isHole(plan.runs() - 1));
  }
}
