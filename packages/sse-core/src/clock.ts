/**
 * A clock that nobody sets, in ms, by which ages are measured. `Date.now()` jumps when the system's clock is set, for
 * example by a time server after the start. Everything would then expire at once, or nothing for hours.
 */
export function now(): number {
  // When a test replaces both with a fake clock, their sum also continues from where `Date.now()` was.
  return performance.timeOrigin + performance.now()
}

/** Returns how far `Date.now()`, as it is set now, is ahead of `now()`, in ms. */
export function wallAheadMs(): number {
  return Date.now() - now()
}

/** Converts a time of `Date.now()`, as that is set now, to one of `now()`. The result is never in the future. */
export function momentOf(at: number): number {
  return now() - Math.max(0, Date.now() - at)
}
