/**
 * What all tools share: options, server arguments, sizes, exit codes and the printing of errors.
 */
package io.nbd4j.tools.cli;
