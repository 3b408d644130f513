/** How much the server keeps of each channel, as the scripts take it. */
export class Retention {
  /** How many events, how many ms, and how long the tail is kept: `''` where there is no limit. */
  readonly args: readonly [maxEvents: string, maxAgeMs: string, keepTailMs: string]

  constructor(maxEvents: number, maxAgeMs: number, compareMs: number) {
    // Whoever follows a channel asks for its tail when it is compared, and so keeps it.
    const unaskedMs = compareMs === 0 ? UNASKED_TAIL_MS : 3 * compareMs
    const keepTailMs = Math.max(maxAgeMs, MIN_TAIL_MS, unaskedMs)
    // Where a stream is empty a channel that has ended is forgotten.
    this.args = [argOf(Math.max(1, maxEvents)), argOf(maxAgeMs), argOf(keepTailMs)]
  }

  /** How long the tail is kept after it was asked for, in ms; `''` for ever. */
  get keepTailMs(): string {
    return this.args[2]
  }
}

/** Longer than followers may be away without losing their place where there is no other news. */
const MIN_TAIL_MS = 120_000

/** The same where nobody compares: a channel that was quiet for longer may have a gap told that is none. */
const UNASKED_TAIL_MS = 24 * 60 * 60 * 1_000

function argOf(limit: number): string {
  return Number.isFinite(limit) ? String(Math.ceil(limit)) : ''
}
