/** Commands and where they are: queued, in flight, ended and waiting to be retired. */
package io.nbd4j.engine.command;
