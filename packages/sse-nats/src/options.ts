import type { NatsConnection } from '@nats-io/transport-node'

/** How long at least a stream keeps events, in ms: within that time every node compares its channels several times. */
const MIN_AGE_MS = 60_000

/** Some tokens of a subject, which is none that bells ring on. */
const PREFIX = /^(?!_live(\.|$))[^\s.*>]+(\.[^\s.*>]+)*$/

/** What the stream keeps of each channel. */
export interface NatsHistory {
  /** How many events: 1 or more, or `Infinity`. @defaultValue 1000 */
  readonly maxEvents?: number | undefined
  /** For how long, in ms, or `Infinity`; less than a minute is a minute. @defaultValue 300_000 (five minutes) */
  readonly maxAgeMs?: number | undefined
}

export interface NatsBackplaneOptions {
  /**
   * A connection of yours, which the backplane shares and never closes. Connect with `maxReconnectAttempts: -1`: by default
   * the client gives up after ten attempts.
   */
  readonly connection: NatsConnection
  /** The stream's name, of letters, digits, `_` and `-`. It is made if there is none. @defaultValue 'SSEKIT' */
  readonly stream?: string | undefined
  /**
   * What the subjects begin with: `<prefix>.*.e`, `<prefix>.*.x` are stored, `_live.<prefix>.>` is heard. Its own first
   * part cannot be `_live`.
   *
   * @defaultValue the stream's name in lower case
   */
  readonly prefix?: string | undefined
  /**
   * The JetStream domain of the stream. On a leaf node: the hub's, to share the hub's stream. Without it a leaf node with a domain of its
   * own makes a second stream, which is refused once it is seen.
   *
   * @defaultValue the server's own
   */
  readonly domain?: string | undefined
  /** What a stream that is made keeps of each channel; one that is there already stays as it is. */
  readonly history?: NatsHistory | undefined
  /** Where a stream that is made keeps it. @defaultValue 'file' */
  readonly storage?: 'file' | 'memory' | undefined
  /** On how many servers of a cluster a stream that is made is kept: 1 to 5. @defaultValue 1 */
  readonly replicas?: number | undefined
  /**
   * How many bytes a stream that is made may have in all; then the oldest events go. Some accounts ask for it.
   *
   * @defaultValue `Infinity`
   */
  readonly maxBytes?: number | undefined
  /** How long the broker may take for an answer, in ms, 1 or more; then `ERR_SSE_BACKPLANE`. @defaultValue 5_000 */
  readonly timeoutMs?: number | undefined
  /**
   * How often quiet channels are compared with the stream, in ms: a message that was not heard, with none after it, is found
   * within twice that time. 0 never compares. @defaultValue 4_000
   */
  readonly compareMs?: number | undefined
  /**
   * How many bytes of events may wait for the broker's answer; one more is refused with `ERR_SSE_LIMIT`.
   *
   * @defaultValue 16 MiB
   */
  readonly maxBufferedBytes?: number | undefined
}

/** The options with their defaults. */
export interface Settings {
  readonly stream: string
  readonly prefix: string
  readonly domain: string | undefined
  readonly maxEvents: number
  readonly maxAgeMs: number
  readonly storage: 'file' | 'memory'
  readonly replicas: number
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly compareMs: number
  readonly maxBufferedBytes: number
}

/**
 * @throws {TypeError} an option is of the wrong kind
 * @throws {RangeError} an option is out of its range
 */
export function resolveOptions(options: NatsBackplaneOptions): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError('natsBackplane() takes { connection }')
  const { stream = 'SSEKIT', domain, history = {}, storage = 'file', replicas = 1 } = options
  const { maxBytes = Number.POSITIVE_INFINITY, timeoutMs = 5_000, compareMs = 4_000 } = options
  const { prefix = String(stream).toLowerCase(), maxBufferedBytes = 16 * 1024 * 1024 } = options
  const { maxEvents = 1_000, maxAgeMs = 300_000 } = history
  if (typeof options.connection?.publish !== 'function') {
    throw new TypeError('connection must be a connection of @nats-io/transport-node')
  }
  if (storage !== 'file' && storage !== 'memory') {
    throw new RangeError(`storage must be 'file' or 'memory', not ${JSON.stringify(storage)}`)
  }
  return {
    stream: requireText('stream', stream, /^[A-Za-z0-9_-]{1,200}$/),
    prefix: requireText('prefix', prefix, PREFIX),
    domain: domain === undefined ? undefined : requireText('domain', domain, /^[^\s.*>]+$/),
    maxEvents: requireNumber('history.maxEvents', maxEvents, 1),
    maxAgeMs: Math.max(MIN_AGE_MS, requireNumber('history.maxAgeMs', maxAgeMs, 0)),
    storage,
    replicas: requireNumber('replicas', replicas, 1, 5),
    maxBytes: requireNumber('maxBytes', maxBytes, 1),
    timeoutMs: requireNumber('timeoutMs', timeoutMs, 1, 2 ** 31 - 1),
    compareMs,
    maxBufferedBytes: requireNumber('maxBufferedBytes', maxBufferedBytes, 0),
  }
}

function requireText(name: string, value: string, shape: RegExp): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, not ${typeof value}`)
  if (!shape.test(value)) throw new RangeError(`${name} cannot be ${JSON.stringify(value)}`)
  return value
}

function requireNumber(name: string, value: number, min: number, max = Number.POSITIVE_INFINITY): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    const range = max === Number.POSITIVE_INFINITY ? `${min} or more` : `${min} to ${max}`
    throw new RangeError(`${name} must be ${range}, not ${String(value)}`)
  }
  return value
}
