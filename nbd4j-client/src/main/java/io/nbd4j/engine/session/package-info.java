/** What a connection knows: its settings, what was negotiated, its counters and its trace. */
package io.nbd4j.engine.session;
