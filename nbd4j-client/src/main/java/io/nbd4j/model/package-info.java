/** The public values of the client: errors, flags, callbacks, extents and the table of calls. */
package io.nbd4j.model;
