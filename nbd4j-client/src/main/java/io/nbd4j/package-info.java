/** The public face: {@link io.nbd4j.NbdHandle}, with libnbd's functions as methods. */
package io.nbd4j;
