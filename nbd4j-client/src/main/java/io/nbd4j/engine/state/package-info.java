/** The states of a handle, as data. */
package io.nbd4j.engine.state;
