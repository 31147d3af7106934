package io.nbd4j.model;

/**
 * A range of an export and what a meta context says of it.
 *
 * @param length the length in bytes, above 0
 * @param flags the meta context's flags
 */
public record Extent(long length, long flags) {}
