/** How much the server keeps of each channel, as arguments of the scripts. */
export class Retention {
  /** How many events, for how many ms, and how long the tail is kept; `''` for no limit. */
  readonly args: readonly [maxEvents: string, maxAgeMs: string, keepTailMs: string]

  constructor(maxEvents: number, maxAgeMs: number, compareMs: number) {
    // Comparing a channel reads its tail, and so extends its life.
    const unaskedMs = compareMs === 0 ? UNASKED_TAIL_MS : 3 * compareMs
    const keepTailMs = Math.max(maxAgeMs, MIN_TAIL_MS, unaskedMs)
    // At least one event: an ended channel whose stream is empty counts as forgotten.
    this.args = [argOf(Math.max(1, maxEvents)), argOf(maxAgeMs), argOf(keepTailMs)]
  }

  /** How long the tail is kept after it was last read, in ms; `''` forever. */
  get keepTailMs(): string {
    return this.args[2]
  }
}

/** How long the tail is kept at least. A follower may be away for that long without losing its place in a quiet channel. */
const MIN_TAIL_MS = 120_000

/** The same if channels are not compared. After a longer silence a gap may be reported though nothing is missing. */
const UNASKED_TAIL_MS = 24 * 60 * 60 * 1_000

function argOf(limit: number): string {
  return Number.isFinite(limit) ? String(Math.ceil(limit)) : ''
}
