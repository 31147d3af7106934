/** The two halves of transmission: requests out, replies in. */
package io.nbd4j.engine.transfer;
