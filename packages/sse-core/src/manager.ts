import { Admission, type AdmissionOptions } from './admission.js'
import type { Backplane } from './backplane.js'
import { HistoryBudget } from './budget.js'
import { type ChannelOptions, SseChannel } from './channel.js'
import type { CloseReason } from './close-reason.js'
import type { SseConnection } from './connection.js'
import { SseError } from './errors.js'
import { type CloseOptions, GracefulShutdown } from './graceful-shutdown.js'
import { Heartbeats } from './heartbeat.js'
import { type ResolvedHistoryLimits, requireAmount, requireDuration, resolveHistory } from './limits.js'
import { requireServices } from './option-checks.js'
import { Registry } from './registry.js'
import { type ErrorListener, neverThrowing, warn } from './report.js'
import { type ConnectionSettings, type ResolvedSettings, resolveSettings } from './settings.js'
import { shown } from './shown.js'
import type { StreamConfig } from './stream-config.js'

export interface ManagerOptions
  extends ConnectionSettings,
    AdmissionOptions,
    Pick<ChannelOptions, 'history' | 'idleChannelMs'> {
  /** The log that several processes share; closing the manager leaves it open. Default: memory, per channel. */
  readonly backplane?: Backplane | undefined
  /**
   * The size limit for the logs of all channels together, in bytes. Above it, the log that was written to longest ago
   * loses its oldest events.
   * @defaultValue 256 MiB
   */
  readonly maxHistoryBytes?: number | undefined
  /**
   * How many channels may be in use or hold history at once. For one more, `getOrCreate` throws `ERR_SSE_LIMIT`.
   * @defaultValue none
   */
  readonly maxChannels?: number | undefined
  /**
   * The response to a client that cannot be served now. `'retry'`: an empty stream with a `retry:` of one to four times
   * `retryMs`. `'reject'`: `503` with `Retry-After`, after which an EventSource gives up for good.
   * @defaultValue `'retry'`
   */
  readonly overload?: 'retry' | 'reject' | undefined
  /**
   * Called with errors that reach no other handler, and with every error of a source after the response headers were
   * sent. Default: a process warning for the former; the latter reach the framework too.
   */
  readonly onError?: ErrorListener | undefined
}

/**
 * Chooses connections. The parameter may name the type of their `context`: `(connection: SseConnection<User>) => …`.
 */
export type ConnectionPredicate = { choose(connection: SseConnection): boolean }['choose']

export interface ManagerStats {
  /** Channels that are in use or hold history. */
  readonly channels: number
  /** Open streams. */
  readonly connections: number
  /** The size of all channels' logs, in bytes. */
  readonly historyBytes: number
  /** Events written to all streams so far, including heartbeats and checkpoints. */
  readonly events: number
  /** Bytes written to all streams so far, without response headers and HTTP framing. */
  readonly bytes: number
  /**
   * `sse-gap` events of streamed channels so far: how often a client missed events that were not retained. Those that a
   * loop over `listen()` gets are not counted.
   */
  readonly gaps: number
  /** How many streams have ended, by reason. */
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>
}

/**
 * Channels by name, the streams that read them, and the limits for both. Managers share nothing, except a backplane
 * that is given to several.
 *
 * @see sseManager for the one that exists from the start
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
  /** @internal */
  readonly channels: Registry
  /** @internal */
  readonly connections: Admission
  /** @internal */
  readonly heartbeats: Heartbeats = new Heartbeats()
  /** @internal */
  config: StreamConfig | undefined
  /** @internal */
  otherConfigs: StreamConfig[] | undefined
  readonly #maxChannels: number
  #closing: Promise<void> | undefined

  /**
   * Makes a manager that shares nothing with others.
   *
   * @throws {RangeError} an option is out of its range
   * @throws {TypeError} `backplane` is not a backplane, `onError` not a function, or `history` not an object
   */
  constructor(options: ManagerOptions = {}) {
    const {
      backplane,
      history,
      idleChannelMs,
      maxHistoryBytes = 256 * 1024 * 1024,
      maxChannels = Number.POSITIVE_INFINITY,
      overload = 'retry',
      onError,
    } = options
    if (overload !== 'retry' && overload !== 'reject') {
      throw new RangeError(`overload must be 'retry' or 'reject', not ${shown(overload)}`)
    }
    requireServices(options)
    this.settings = resolveSettings(options)
    this.history = resolveHistory(history)
    this.idleChannelMs = idleChannelMs === undefined ? undefined : requireDuration('idleChannelMs', idleChannelMs)
    this.backplane = backplane
    this.budget = new HistoryBudget(requireAmount('maxHistoryBytes', maxHistoryBytes))
    this.overload = overload
    this.onError = onError && neverThrowing(onError)
    this.report = this.onError ?? warn
    this.#maxChannels = requireAmount('maxChannels', maxChannels)
    this.channels = new Registry(this.idleChannelMs ?? this.history.maxAgeMs)
    this.connections = new Admission(options)
  }

  /**
   * Returns the channel of this name, and creates it if there is none. The same name gives the same channel as long as
   * it is used or referenced, or its history has not expired. A channel that has ended is forgotten with its history,
   * even if it is referenced. After `close()` the returned channel is closed: its clients are told to retry later, as
   * by any server that is stopping.
   *
   * @typeParam Events the data of each event type; it is not checked against what other calls say of this channel
   * @throws {TypeError} the channel exists with other options, or the name is not a non-empty string
   * @throws {RangeError} an option is out of its range
   * @throws {SseError} `ERR_SSE_LIMIT`: there are `maxChannels` channels already
   */
  getOrCreate<Events extends object = Record<string, unknown>>(
    name: string,
    options?: ChannelOptions,
  ): SseChannel<Events> {
    const living = this.channels.get(name)
    if (living !== undefined) {
      if (options !== undefined) this.channels.requireOptions(living, options)
      return living as SseChannel<Events>
    }
    if (this.#closing !== undefined) return this.#closedChannel(name, options) as SseChannel<Events>
    if (this.channels.size >= this.#maxChannels) this.channels.reclaim()
    if (this.channels.size >= this.#maxChannels) {
      throw new SseError('ERR_SSE_LIMIT', `there are ${this.#maxChannels} channels, which is maxChannels`)
    }
    const channel = new SseChannel(name, options, this)
    this.channels.add(channel, options)
    return channel as SseChannel<Events>
  }

  /** Returns the channel of this name, if there is one. */
  get<Events extends object = Record<string, unknown>>(name: string): SseChannel<Events> | undefined {
    return this.channels.get(name) as SseChannel<Events> | undefined
  }

  /** Whether there is a channel of this name. */
  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Returns the names of all channels. */
  listChannels(): string[] {
    return this.channels.names()
  }

  /** Closes a channel, which ends its streams on this node, and forgets it. Returns whether there was one. */
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
   * Ends the streams for which the predicate is true, such as those of a revoked session. Returns how many it ended.
   *
   * @param predicate called for each open stream; `connection.context` and `connection.key` say whose it is
   * @throws {TypeError} the predicate is asynchronous; no stream was ended
   */
  disconnect(predicate: ConnectionPredicate, reason: CloseReason = 'kicked'): number {
    const chosen = this.connections.select(predicate)
    for (const connection of chosen) connection.close(reason)
    return chosen.length
  }

  /** Returns figures for a health check or a metrics page. */
  stats(): ManagerStats {
    return {
      channels: this.channels.size,
      connections: this.connections.size,
      historyBytes: this.budget.bytes,
      ...this.connections.written(),
      gaps: this.connections.gaps,
      closed: { ...this.connections.closed },
    }
  }

  /**
   * Ends every stream and every channel. Each client that still reads gets what is left, the last event, a `retry:`,
   * and the end. Resolves when every response is finished or destroyed and its socket is closed, so that
   * `server.close()` does not wait for them. From the call on, the manager refuses new streams. Idempotent.
   *
   * @throws {RangeError} an option is out of its range
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: the last event cannot be written
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const shutdown = new GracefulShutdown(options, this.settings.retryMs)
    this.#closing ??= this.#close(shutdown)
    await this.#closing
  }

  /**
   * Ends the streams for which the predicate is true, as `close()` does. Other streams and the channels stay open: for
   * a server that stops while others share the manager.
   *
   * @throws as `close` does
   */
  async drain(predicate: ConnectionPredicate, options: CloseOptions = {}): Promise<void> {
    const shutdown = new GracefulShutdown(options, this.settings.retryMs)
    await shutdown.run(this.connections.select(predicate), this.connections.selectFinishing(predicate))
  }

  #closedChannel(name: string, options: ChannelOptions | undefined): SseChannel {
    const channel = new SseChannel(name, options, this)
    channel.close().catch(this.report)
    return channel
  }

  async #close(shutdown: GracefulShutdown): Promise<void> {
    this.connections.close()
    const all = (): boolean => true
    await shutdown.run(this.connections.select(all), this.connections.selectFinishing(all))
    this.clear()
  }
}

/** The manager that exists from the start, for applications that need only one. The core itself never uses it. */
export const sseManager: SseManager = new SseManager()
