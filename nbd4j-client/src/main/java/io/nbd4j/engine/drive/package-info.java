/** Who waits, and when: event loop, blocking call, and the threads that share a handle. */
package io.nbd4j.engine.drive;
