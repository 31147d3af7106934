package io.nbd4j.testkit;

import static org.junit.platform.commons.support.AnnotationSupport.findAnnotation;

import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What {@link RequiresPeer} does. */
final class PeerCondition implements ExecutionCondition {

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return findAnnotation(context.getElement(), RequiresPeer.class)
        .map(peer -> evaluate(Programs.missing(peer.value()), Programs.required()))
        .orElseGet(() -> ConditionEvaluationResult.enabled("needs no peer"));
  }

  static ConditionEvaluationResult evaluate(Optional<String> missing, boolean required) {
    if (missing.isEmpty()) {
      return ConditionEvaluationResult.enabled("the peers are installed");
    }
    if (required) {
      throw new ExtensionConfigurationException(
          missing.get() + ", and " + Programs.REQUIRE + "=1 wants it");
    }
    return ConditionEvaluationResult.disabled(missing.get());
  }
}
