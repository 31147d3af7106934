package io.nbd4j.server.backend;

/**
 * How a range is to be zeroed.
 *
 * @param mayPunch whether the range may become a hole; otherwise its storage must stay, or become,
 *     allocated
 * @param fast whether to fail with ENOTSUP, and at once, unless zeroing is faster than writing
 * @param fua whether the zeroes have to be on permanent storage before the return
 */
public record ZeroOptions(boolean mayPunch, boolean fast, boolean fua) {}
