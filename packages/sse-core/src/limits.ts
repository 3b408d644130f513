import { shown } from './shown.js'

/**
 * How much a channel's log keeps for clients that reconnect. Each limit is a number from 0 to `Infinity`. Whichever is
 * reached first evicts the oldest event.
 */
export interface HistoryLimits {
  /** How many events are kept; 0 keeps none. @defaultValue 1000 */
  readonly maxEvents?: number | undefined
  /** How many bytes of encoded events are kept. @defaultValue 1 MiB */
  readonly maxBytes?: number | undefined
  /** The maximum age of an event, in ms. @defaultValue 300_000 (five minutes) */
  readonly maxAgeMs?: number | undefined
}

export type ResolvedHistoryLimits = { readonly [K in keyof HistoryLimits]-?: number }

const DEFAULT_HISTORY: ResolvedHistoryLimits = { maxEvents: 1000, maxBytes: 1024 * 1024, maxAgeMs: 300_000 }

/**
 * Checks history limits, and fills in defaults.
 *
 * @throws {TypeError} the limits are not an object
 * @throws {RangeError} a limit is negative or not a number
 */
export function resolveHistory(
  history: HistoryLimits = {},
  defaults: ResolvedHistoryLimits = DEFAULT_HISTORY,
): ResolvedHistoryLimits {
  // An array would be the events themselves, in other libraries.
  if (typeof history !== 'object' || history === null || Array.isArray(history)) {
    throw new TypeError(`history must be an object of limits, { maxEvents: 0 } for none, not ${shown(history)}`)
  }
  const { maxEvents = defaults.maxEvents, maxBytes = defaults.maxBytes, maxAgeMs = defaults.maxAgeMs } = history
  return {
    maxEvents: requireAmount('history.maxEvents', maxEvents),
    maxBytes: requireAmount('history.maxBytes', maxBytes),
    maxAgeMs: requireAmount('history.maxAgeMs', maxAgeMs),
  }
}

/** Returns a count, a size or a duration: any number from 0 to `Infinity`. @throws {RangeError} it is anything else */
export function requireAmount(name: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new RangeError(`${name} must be a number, 0 or more, not ${shown(value)}`)
  }
  return value
}

/** The longest time that a Node timer can wait, in ms; a longer one would fire at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1

/** Returns a duration in ms that a timer can wait for. @throws {RangeError} it is negative, too long or not a number */
export function requireDuration(name: string, value: number): number {
  if (requireAmount(name, value) > MAX_TIMER_MS) {
    throw new RangeError(`${name} must be at most ${MAX_TIMER_MS} ms, not ${value}`)
  }
  return value
}

/** @throws {RangeError} the value is not a number of events: a non-negative integer or `Infinity` */
export function requireRewind(rewind: number): void {
  if (rewind !== Number.POSITIVE_INFINITY && !(Number.isInteger(rewind) && rewind >= 0)) {
    throw new RangeError(`rewind must be a number of events, 0 or more, not ${shown(rewind)}`)
  }
}
