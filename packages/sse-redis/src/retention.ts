/** How much the server keeps of each channel, as the scripts take it. */
export class Retention {
  /** How many events, how many ms, and how long the tail is kept: `''` where there is no limit. */
  readonly args: readonly [maxEvents: string, maxAgeMs: string, keepTailMs: string]

  constructor(maxEvents: number, maxAgeMs: number) {
    // Whoever follows a channel asks for its tail now and then, and so keeps it.
    const keepTailMs = Math.max(maxAgeMs, MIN_TAIL_MS)
    this.args = [argOf(maxEvents), argOf(maxAgeMs), argOf(keepTailMs)]
  }

  /** How long the tail is kept after it was asked for, in ms; `''` for ever. */
  get keepTailMs(): string {
    return this.args[2]
  }
}

/** Longer than followers may be away without losing their place where there is no other news. */
const MIN_TAIL_MS = 120_000

function argOf(limit: number): string {
  return Number.isFinite(limit) ? String(Math.ceil(limit)) : ''
}
