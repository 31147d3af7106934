package io.nbd4j.testkit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test that needs programs of other projects. Without them it is skipped, or fails if the
 * environment has {@code NBD4J_REQUIRE_PEERS=1}.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(PeerCondition.class)
public @interface RequiresPeer {

  /** The names of the programs, all of them needed. */
  String[] value();
}
