/**
 * A clock that nobody sets, in ms: ages are measured by it. `Date.now()` jumps when the system's clock is set, by a time server after the start say:
 * everything would expire at once, or nothing for hours.
 */
export function now(): number {
  // Together they also go on from where `Date.now()` was when a test puts a clock of its own in place of both.
  return performance.timeOrigin + performance.now()
}

/** How far `Date.now()`, as it is set now, is ahead of that clock, in ms. */
export function wallAheadMs(): number {
  return Date.now() - now()
}

/** When by that clock it was `at` by `Date.now()`, as that is set now. It is never in the future. */
export function momentOf(at: number): number {
  return now() - Math.max(0, Date.now() - at)
}
