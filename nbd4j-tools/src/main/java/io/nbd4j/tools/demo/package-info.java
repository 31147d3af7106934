/** {@code nbd demo}: client and server at work on this machine. */
package io.nbd4j.tools.demo;
