/**
 * Where the bytes of an export live: the interface to implement, and the storages that come with
 * it.
 */
package io.nbd4j.server.backend;
