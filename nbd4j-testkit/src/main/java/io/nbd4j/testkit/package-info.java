/**
 * What tests are made of: peers, the ways to reach them, event loops, and counts of what is left.
 */
package io.nbd4j.testkit;
