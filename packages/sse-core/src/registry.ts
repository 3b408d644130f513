import { inspect } from 'node:util'
import { startInterval } from './async-context.js'
import type { ChannelOptions, SseChannel } from './channel.js'
import { now } from './clock.js'

/** The longest that an idle channel is kept beyond its time, in ms. */
const MAX_SWEEP_MS = 30_000
const MIN_SWEEP_MS = 10
/** How often unused channels are looked for in a full registry: there may be many channels, and many requests for more. */
const RECLAIM_MS = 100
/** The least pause between two searches, in multiples of what one took: they must not cost much CPU time. */
const RECLAIM_PAUSES = 20

/**
 * Channels by name. Channels in use are held. Idle ones are only referenced weakly: code that holds one can use it
 * again, and otherwise it can be garbage-collected.
 */
export class Registry {
  readonly #sweepMs: number
  readonly #inUse = new Map<string, SseChannel>()
  readonly #idle = new Map<string, WeakRef<SseChannel>>()
  readonly #collected = new FinalizationRegistry((name: string) => {
    // The name may have been taken again.
    if (this.#idle.get(name)?.deref() === undefined) this.#idle.delete(name)
  })
  readonly #options = new WeakMap<SseChannel, ChannelOptions>()
  #sweepTimer: NodeJS.Timeout | undefined
  // No search for unused channels before this time.
  #reclaimAt = 0

  /** @param idleMs the shortest time for which an idle channel is kept, in ms */
  constructor(idleMs: number) {
    this.#sweepMs = Math.min(MAX_SWEEP_MS, Math.max(MIN_SWEEP_MS, idleMs / 4))
  }

  /** How many channels are in use. */
  get size(): number {
    return this.#inUse.size
  }

  /** Makes room: channels that nobody uses and that hold no history count as idle, however short the time. */
  reclaim(): void {
    const startedAt = now()
    if (startedAt < this.#reclaimAt) return
    this.#sweep(0)
    const endedAt = now()
    this.#reclaimAt = endedAt + Math.max(RECLAIM_MS, RECLAIM_PAUSES * (endedAt - startedAt))
  }

  get(name: string): SseChannel | undefined {
    return this.#inUse.get(name) ?? this.#idle.get(name)?.deref()
  }

  names(): string[] {
    const idle = [...this.#idle.keys()].filter((name) => this.get(name) !== undefined)
    return [...this.#inUse.keys(), ...idle]
  }

  add(channel: SseChannel, options: ChannelOptions | undefined): void {
    // Copied, with the nested `history`: the caller may change its objects later. The channel does not see that either.
    this.#options.set(channel, { ...options, ...(options?.history && { history: { ...options.history } }) })
    this.#hold(channel)
  }

  /** Holds a channel again that is used after it was idle. */
  wake(channel: SseChannel): void {
    if (this.#idle.get(channel.name)?.deref() === channel) this.#hold(channel)
  }

  /** Forgets a channel, but not its successor of the same name. */
  remove(channel: SseChannel): void {
    const { name } = channel
    if (this.get(name) !== channel) return
    this.#inUse.delete(name)
    this.#idle.delete(name)
    if (this.#inUse.size === 0) this.#stopSweeping()
  }

  /** @throws {TypeError} the channel was made with other options */
  requireOptions(channel: SseChannel, options: ChannelOptions): void {
    const made = this.#options.get(channel) ?? {}
    if (isSame(made, options)) return
    const name = JSON.stringify(channel.name)
    throw new TypeError(`channel ${name} has the options ${inspect(made)}, not ${inspect(options)}`)
  }

  #hold(channel: SseChannel): void {
    this.#inUse.set(channel.name, channel)
    this.#idle.delete(channel.name)
    this.#sweepTimer ??= startInterval(() => this.#sweep(), this.#sweepMs)
  }

  /** @param idleMs how long a channel must be unused, in ms. Default: its own time */
  #sweep(idleMs?: number): void {
    for (const [name, channel] of this.#inUse) {
      if (!channel.sweep(now(), idleMs)) continue
      this.#inUse.delete(name)
      // A channel that has ended cannot be used again, so its name becomes free.
      if (channel.isClosed) continue
      this.#idle.set(name, new WeakRef(channel))
      this.#collected.register(channel, name)
    }
    if (this.#inUse.size === 0) this.#stopSweeping()
  }

  #stopSweeping(): void {
    clearInterval(this.#sweepTimer)
    this.#sweepTimer = undefined
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isSame(Reflect.get(a, key), Reflect.get(b, key)))
}
