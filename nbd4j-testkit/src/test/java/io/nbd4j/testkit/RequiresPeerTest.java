package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** The rule for peers that are not installed. */
class RequiresPeerTest {

  @Test
  void missingProgramsAreNamed() {
    assertEquals(Optional.empty(), Programs.missing("sh", "cat"));
    assertEquals(
        Optional.of("not installed: no-such-peer, nor-this-one"),
        Programs.missing("no-such-peer", "sh", "nor-this-one"));
  }

  @Test
  void testIsSkippedWithTheReason() {
    ConditionEvaluationResult result =
        PeerCondition.evaluate(Optional.of("not installed: x"), false);
    assertTrue(result.isDisabled());
    assertEquals(Optional.of("not installed: x"), result.getReason());
  }

  @Test
  void testFailsWherePeersAreRequired() {
    ExtensionConfigurationException failure =
        assertThrows(
            ExtensionConfigurationException.class,
            () -> PeerCondition.evaluate(Optional.of("not installed: x"), true));
    assertTrue(failure.getMessage().contains("not installed: x"), failure::getMessage);
  }

  @Test
  void testRunsWithThePeer() {
    assertFalse(PeerCondition.evaluate(Optional.empty(), true).isDisabled());
    assertFalse(PeerCondition.evaluate(Optional.empty(), false).isDisabled());
  }
}
