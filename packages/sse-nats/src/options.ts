import type { NatsConnection } from '@nats-io/transport-node'

/** The shortest time that a stream keeps events, in ms. Every node compares its channels several times within it. */
const MIN_AGE_MS = 60_000

/** Tokens of a subject, outside the subjects of bells. */
const PREFIX = /^(?!_live(\.|$))[^\s.*>]+(\.[^\s.*>]+)*$/

/** What the stream keeps of each channel. */
export interface NatsHistory {
  /** How many events: 1 or more, or `Infinity`. @defaultValue 1000 */
  readonly maxEvents?: number | undefined
  /** For how long, in ms, or `Infinity`; less than a minute counts as a minute. @defaultValue 300_000 (five minutes) */
  readonly maxAgeMs?: number | undefined
}

export interface NatsBackplaneOptions {
  /**
   * Your connection, which the backplane shares and never closes. Connect with `maxReconnectAttempts: -1`: by default
   * the client gives up after ten attempts.
   */
  readonly connection: NatsConnection
  /** The stream's name, of letters, digits, `_` and `-`. It is created if it does not exist. @defaultValue 'SSEKIT' */
  readonly stream?: string | undefined
  /**
   * What the subjects begin with: the stream stores `<prefix>.*.e` and `<prefix>.*.x`, and nodes subscribe to
   * `_live.<prefix>.>`. Its first token cannot be `_live`.
   *
   * @defaultValue the stream's name in lower case
   */
  readonly prefix?: string | undefined
  /**
   * The JetStream domain of the stream. On a leaf node: the hub's, to share the hub's stream. Without it a leaf node
   * that has JetStream creates a second stream, and broadcasts are rejected; see the README.
   *
   * @defaultValue the server's own
   */
  readonly domain?: string | undefined
  /** What a newly created stream keeps of each channel; an existing one is left unchanged. */
  readonly history?: NatsHistory | undefined
  /** Where a newly created stream keeps it. @defaultValue 'file' */
  readonly storage?: 'file' | 'memory' | undefined
  /** On how many servers of a cluster a newly created stream is kept: 1 to 5. @defaultValue 1 */
  readonly replicas?: number | undefined
  /**
   * The maximum size of a newly created stream in bytes; then the oldest events are evicted. Some accounts require it.
   *
   * @defaultValue `Infinity`
   */
  readonly maxBytes?: number | undefined
  /** How long the server may take to answer, in ms, 1 or more; then `ERR_SSE_BACKPLANE`. @defaultValue 5_000 */
  readonly timeoutMs?: number | undefined
  /**
   * How often quiet channels are compared with the stream, in ms. A message that was missed, with none after it, is
   * found within twice that time. 0 never compares. @defaultValue 4_000
   */
  readonly compareMs?: number | undefined
  /**
   * How many bytes may wait for the server's answer; beyond that `ERR_SSE_LIMIT`. An event counts with its headers and
   * 512 bytes more, for what the process keeps with it: some 25,000 small events by default.
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
