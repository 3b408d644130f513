import type { Backplane } from './backplane.js'
import { HistoryBudget } from './budget.js'
import { type ChannelOptions, type ErrorListener, SseChannel, warn } from './channel.js'
import type { SseConnection } from './connection.js'
import type { CloseReason } from './ending.js'
import { SseError } from './errors.js'
import { checkEvent, type SseEvent } from './event.js'
import { Heartbeats, type HeartbeatWheel } from './heartbeat.js'
import { type ResolvedHistoryLimits, requireAmount, requireDuration, resolveHistory } from './limits.js'
import { type ConnectionSettings, type ResolvedSettings, requireRetryMs, resolveSettings } from './settings.js'

export interface ManagerOptions extends ConnectionSettings, Pick<ChannelOptions, 'history' | 'idleChannelMs'> {
  /** The log that several processes share; it stays open when the manager closes. Default: memory, per channel. */
  readonly backplane?: Backplane | undefined
  /** What the logs of all channels hold together, in bytes; over it, the log that rested longest forgets. @defaultValue 256 MiB */
  readonly maxHistoryBytes?: number | undefined
  /** How many streams at once; see `overload` for the next one. @defaultValue none */
  readonly maxConnections?: number | undefined
  /** How many streams at once with the same `key`. @defaultValue none */
  readonly maxConnectionsPerKey?: number | undefined
  /** How many channels at once; `getOrCreate` throws `ERR_SSE_LIMIT` for the next one. @defaultValue none */
  readonly maxChannels?: number | undefined
  /**
   * What a client gets that cannot be served now. `'retry'`: an empty stream with a `retry:` of one to four times `retryMs`.
   * `'reject'`: `503` with `Retry-After`, on which an EventSource gives up for good. @defaultValue `'retry'`
   */
  readonly overload?: 'retry' | 'reject' | undefined
  /**
   * Hears of errors that reach nobody else, and of every error of a source after its head. Default: a process warning for
   * the former; the latter reach the framework too.
   */
  readonly onError?: ErrorListener | undefined
}

export interface CloseOptions {
  /** How long streams may take to end before they are destroyed, in ms. @defaultValue 5_000 */
  readonly graceMs?: number | undefined
  /** A last event for every stream. */
  readonly event?: SseEvent | string | undefined
  /**
   * When clients are to come back, in ms: a number, or a range from which each gets its own.
   * @defaultValue from one to four times `retryMs`
   */
  readonly retryMs?: number | readonly [min: number, max: number] | undefined
}

export interface ManagerStats {
  /** Channels that are in use or hold history. */
  readonly channels: number
  /** Open streams. */
  readonly connections: number
  /** What the channels' logs hold, in bytes. */
  readonly historyBytes: number
  /** How many streams have ended, by reason. */
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>
}

/** The longest that an idle channel lingers beyond its time, in ms. */
const MAX_SWEEP_MS = 30_000
const MIN_SWEEP_MS = 10

/**
 * Channels by name, the streams that read them, and the limits that hold for both. Separate managers share nothing.
 *
 * @see sseManager for the one that is there from the start
 */
export class SseManager {
  /** @internal */
  readonly settings: ResolvedSettings
  /** @internal */
  readonly history: ResolvedHistoryLimits
  /** @internal */
  readonly idleChannelMs: number | undefined
  /** @internal */
  readonly backplane: Backplane | undefined
  /** @internal */
  readonly budget: HistoryBudget
  /** @internal */
  readonly overload: 'retry' | 'reject'
  /** @internal */
  readonly onError: ErrorListener | undefined
  /** @internal */
  readonly report: ErrorListener
  readonly #maxConnections: number
  readonly #maxConnectionsPerKey: number
  readonly #maxChannels: number
  // Channels in use, and those that are idle: whoever holds an idle one can go on with it, and nobody else keeps it alive.
  readonly #channels = new Map<string, SseChannel>()
  readonly #idle = new Map<string, WeakRef<SseChannel>>()
  readonly #optionsOf = new WeakMap<SseChannel, ChannelOptions>()
  readonly #connections = new Set<SseConnection>()
  readonly #keys = new Map<string, number>()
  readonly #heartbeats = new Heartbeats()
  readonly #closed: Partial<Record<CloseReason, number>> = {}
  #sweepTimer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  /** @throws {RangeError} an option is out of its range */
  constructor(options: ManagerOptions = {}) {
    const {
      backplane,
      history,
      idleChannelMs,
      maxHistoryBytes = 256 * 1024 * 1024,
      maxConnections = Number.POSITIVE_INFINITY,
      maxConnectionsPerKey = Number.POSITIVE_INFINITY,
      maxChannels = Number.POSITIVE_INFINITY,
      overload = 'retry',
      onError,
    } = options
    if (overload !== 'retry' && overload !== 'reject') {
      throw new RangeError(`overload must be 'retry' or 'reject', not ${String(overload)}`)
    }
    this.settings = resolveSettings(options)
    this.history = resolveHistory(history)
    this.idleChannelMs = idleChannelMs === undefined ? undefined : requireDuration('idleChannelMs', idleChannelMs)
    this.backplane = backplane
    this.budget = new HistoryBudget(requireAmount('maxHistoryBytes', maxHistoryBytes))
    this.overload = overload
    this.onError = onError
    this.report = onError ?? warn
    this.#maxConnections = requireAmount('maxConnections', maxConnections)
    this.#maxConnectionsPerKey = requireAmount('maxConnectionsPerKey', maxConnectionsPerKey)
    this.#maxChannels = requireAmount('maxChannels', maxChannels)
  }

  /**
   * The channel of this name, which is made if there is none. The same name gives the same channel for as long as anybody
   * uses or holds it, or its history has not expired.
   *
   * @typeParam Events the data of each event type; it is not checked against what others said of this channel
   * @throws {TypeError} the channel is there with other options
   * @throws {SseError} `ERR_SSE_LIMIT`: there are `maxChannels`
   * @throws {SseError} `ERR_SSE_CLOSED`: the manager is closed
   */
  getOrCreate<Events extends object = Record<string, unknown>>(
    name: string,
    options?: ChannelOptions,
  ): SseChannel<Events> {
    const living = this.get<Events>(name)
    if (living !== undefined) {
      if (options !== undefined) requireSameOptions(name, this.#optionsOf.get(living as SseChannel) ?? {}, options)
      return living
    }
    if (this.#closing !== undefined) throw new SseError('ERR_SSE_CLOSED', 'the manager is closed')
    if (this.#channels.size >= this.#maxChannels) {
      throw new SseError('ERR_SSE_LIMIT', `there are ${this.#maxChannels} channels, which is maxChannels`)
    }
    const channel = new SseChannel(name, options, this)
    this.#channels.set(name, channel)
    this.#optionsOf.set(channel, { ...options })
    this.#sweepLater()
    return channel as SseChannel<Events>
  }

  /** The channel of this name, if there is one. */
  get<Events extends object = Record<string, unknown>>(name: string): SseChannel<Events> | undefined {
    return (this.#channels.get(name) ?? this.#idle.get(name)?.deref()) as SseChannel<Events> | undefined
  }

  /** Whether there is a channel of this name. */
  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** The names of all channels. */
  listChannels(): string[] {
    const idle = [...this.#idle.keys()].filter((name) => this.has(name))
    return [...this.#channels.keys(), ...idle]
  }

  /** Closes a channel, whose streams then end, and forgets it. Says whether there was one. */
  delete(name: string): boolean {
    const channel = this.get(name)
    channel?.close().catch(this.report)
    return channel !== undefined
  }

  /** Deletes all channels. */
  clear(): void {
    for (const name of this.listChannels()) this.delete(name)
  }

  /**
   * Ends the streams for which the predicate is true, and says how many: a revoked session stops streaming.
   *
   * @param predicate is asked of each open stream; `connection.context` and `connection.key` say whose it is
   */
  disconnect(predicate: (connection: SseConnection) => boolean, reason: CloseReason = 'kicked'): number {
    const chosen = [...this.#connections].filter(predicate)
    for (const connection of chosen) connection.close(reason)
    return chosen.length
  }

  /** Figures for a health check or a metrics page. */
  stats(): ManagerStats {
    return {
      channels: this.#channels.size,
      connections: this.#connections.size,
      historyBytes: this.budget.bytes,
      closed: { ...this.#closed },
    }
  }

  /**
   * Ends every stream and every channel. Each client that reads gets what is left, the last event, when to come back, and the
   * end. Resolves when every response is finished or destroyed, and their sockets are closed, so that `server.close()` does
   * not wait for them. The manager then serves nobody any more. Idempotent.
   *
   * @throws {RangeError} an option is out of its range
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: the last event cannot be written
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  /**
   * Ends the streams for which the predicate is true as `close()` does, and leaves the rest and the channels alone: for a
   * server that stops while others share the manager.
   *
   * @throws as `close` does
   */
  async drain(predicate: (connection: SseConnection) => boolean, options: CloseOptions = {}): Promise<void> {
    const { graceMs = 5_000, event, retryMs = [this.settings.retryMs, 4 * this.settings.retryMs] } = options
    requireDuration('graceMs', graceMs)
    if (event !== undefined) checkEvent(event)
    const [min, max] = typeof retryMs === 'number' ? [retryMs, retryMs] : retryMs
    requireRetryMs(min)
    if (requireRetryMs(max) < min)
      throw new RangeError(`retryMs must be a range from less to more, not ${min} to ${max}`)
    for (const channel of this.#channels.values()) channel.flush()
    const chosen = [...this.#connections].filter(predicate)
    await Promise.all(
      // Each its own, so that they do not all come back at once.
      chosen.map((connection) => connection.shutDown(event, Math.round(min + (max - min) * Math.random()), graceMs)),
    )
  }

  /** Lets a connection in, or says why not. @internal */
  admit(connection: SseConnection): CloseReason | undefined {
    const { key } = connection
    if (this.#closing !== undefined) return 'shutdown'
    if (this.#connections.size >= this.#maxConnections) return 'limit'
    if (key !== undefined) {
      const count = this.#keys.get(key) ?? 0
      if (count >= this.#maxConnectionsPerKey) return 'limit'
      this.#keys.set(key, count + 1)
    }
    this.#connections.add(connection)
    return undefined
  }

  /** @internal */
  remove(connection: SseConnection): void {
    const { key, closeReason } = connection
    if (closeReason !== undefined) this.#closed[closeReason] = (this.#closed[closeReason] ?? 0) + 1
    // One that was refused took no place.
    if (!this.#connections.delete(connection) || key === undefined) return
    const count = this.#keys.get(key) ?? 0
    if (count > 1) this.#keys.set(key, count - 1)
    else this.#keys.delete(key)
  }

  /** @internal */
  wheel(heartbeatMs: number): HeartbeatWheel {
    return this.#heartbeats.wheel(heartbeatMs)
  }

  /** A channel that may be idle is used. @internal */
  woke(channel: SseChannel): void {
    if (!this.#idle.delete(channel.name)) return
    this.#channels.set(channel.name, channel)
    this.#sweepLater()
  }

  /** @internal */
  closed(channel: SseChannel): void {
    const { name } = channel
    // A successor of the same name is none of its business.
    if (this.#channels.get(name) === channel) this.#channels.delete(name)
    if (this.#idle.get(name)?.deref() === channel) this.#idle.delete(name)
  }

  async #close(options: CloseOptions): Promise<void> {
    await this.drain(() => true, options)
    this.clear()
    clearTimeout(this.#sweepTimer)
  }

  #sweepLater(): void {
    if (this.#sweepTimer !== undefined || this.#channels.size === 0) return
    const idleMs = this.idleChannelMs ?? this.history.maxAgeMs
    const delay = Math.min(MAX_SWEEP_MS, Math.max(MIN_SWEEP_MS, idleMs / 4))
    this.#sweepTimer = setTimeout(() => {
      this.#sweepTimer = undefined
      this.#sweep()
      this.#sweepLater()
    }, delay)
    this.#sweepTimer.unref()
  }

  #sweep(): void {
    const now = Date.now()
    for (const [name, channel] of this.#channels) {
      if (!channel.sweep(now)) continue
      this.#channels.delete(name)
      this.#idle.set(name, new WeakRef(channel))
    }
    for (const [name, channel] of this.#idle) {
      if (channel.deref() === undefined) this.#idle.delete(name)
    }
  }
}

/** The manager that is there from the start, for applications that need one. Nothing in the core uses it by itself. */
export const sseManager: SseManager = new SseManager()

function requireSameOptions(name: string, given: ChannelOptions, options: ChannelOptions): void {
  if (isSame(given, options)) return
  throw new TypeError(
    `channel ${JSON.stringify(name)} is there with the options ${JSON.stringify(given)}, not ${JSON.stringify(options)}`,
  )
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isSame(Reflect.get(a, key), Reflect.get(b, key)))
}
