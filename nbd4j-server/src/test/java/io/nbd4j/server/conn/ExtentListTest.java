package io.nbd4j.server.conn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExtentListTest {
  private static String told(ExtentList list) {
    list.finish();
    List<String> told = new ArrayList<>();
    for (int i = 0; i < list.count(); i++) {
      told.add(list.length(i) + ":" + list.flags(i));
    }
    return String.join(" ", told);
  }

  @Test
  void neighboursAreMergedAndTheEndIsClipped() {
    ExtentList list = new ExtentList(100, 1, 10);
    assertTrue(list.add(10, false, false));
    assertTrue(list.add(20, false, false));
    assertTrue(list.add(30, true, true));
    assertTrue(list.add(5, true, true));
    assertTrue(list.add(1, true, false));
    assertTrue(list.add(1, false, true));
    assertFalse(list.add(Long.MAX_VALUE, false, false));
    assertEquals("30:0 35:3 1:1 1:2 33:0", told(list));
  }

  @Test
  void extentsAreCutAtBlocksAndAMixedBlockHasWhatItsPartsShare() {
    ExtentList list = new ExtentList(80, 16, 10);
    list.add(20, true, true);
    list.add(4, false, true);
    list.add(3, true, true);
    list.add(21, true, true);
    list.add(1, false, false);
    list.add(31, true, true);
    assertEquals("16:3 16:2 16:3 16:0 16:3", told(list));
  }

  @Test
  void theEndOfAnExportMayCutABlock() {
    ExtentList list = new ExtentList(40, 16, 10);
    list.add(32, false, false);
    list.add(8, true, true);
    assertEquals("32:0 8:3", told(list));
  }

  @Test
  void aBackendThatStopsInABlockLeavesTheRestAsData() {
    ExtentList list = new ExtentList(64, 16, 10);
    list.add(20, true, true);
    assertEquals("16:3 16:0", told(list));
    ExtentList tail = new ExtentList(24, 16, 10);
    tail.add(20, true, true);
    assertEquals("16:3 8:0", told(tail));
  }

  @Test
  void aBackendThatTellsNothingHasData() {
    assertEquals("64:0", told(new ExtentList(64, 16, 10)));
  }

  @Test
  void noMoreThanAskedAreKeptAndTheLastIsWhole() {
    ExtentList list = new ExtentList(1000, 1, 3);
    for (int i = 0; i < 3; i++) {
      assertTrue(list.add(10, i % 2 == 0, true));
    }
    assertTrue(list.add(10, true, true));
    assertFalse(list.add(10, false, true));
    assertFalse(list.add(10, true, true));
    assertEquals("10:3 10:2 20:3", told(list));
  }

  @Test
  void anExtentOfNothingIsAnError() {
    ExtentList list = new ExtentList(1000, 1, 3);
    assertThrows(IllegalArgumentException.class, () -> list.add(0, true, true));
    assertThrows(IllegalArgumentException.class, () -> list.add(-1, true, true));
  }
}
