import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { LogNews } from '@ssekit/sse-core'
import { ChannelTail } from './channel-tail.js'
import { Coalescer } from './coalescer.js'
import { entryOf } from './messages.js'
import { formatPlace } from './place.js'
import type { Stream } from './stream.js'

/** What a subscription hears. Without news: that there are some. */
export type HearBell = (channel: string, news?: LogNews) => void

interface Bell {
  readonly tail: ChannelTail
  readonly subscription: Subscription
  /** The server would not have it. */
  error: Error | undefined
}

/**
 * The bells of the channels that this node follows: the server republishes each message that it stores, with its sequence and
 * that of the one before it. So a channel costs a plain subscription, where a consumer would cost the server some 25 KB.
 */
export class Bells {
  readonly #stream: Stream
  readonly #connection: NatsConnection
  readonly #hear: HearBell
  readonly #bells = new Map<string, Bell>()
  // Those of which the server may not have heard yet.
  readonly #unconfirmed = new Set<Bell>()
  readonly #flushing = new Coalescer<void>()

  constructor(stream: Stream, hear: HearBell) {
    this.#stream = stream
    this.#connection = stream.connection
    this.#hear = hear
  }

  /** Whether any is to ring. */
  get isAny(): boolean {
    return this.#bells.size > 0
  }

  /** What is known of a channel's newest message; undefined if nobody follows it. */
  tail(channel: string): ChannelTail | undefined {
    return this.#bells.get(channel)?.tail
  }

  /**
   * Resolves once the server has heard of it. Where it rings already, another subscription takes the place of the former, which stays if
   * the server refuses the other.
   */
  async listen(channel: string): Promise<void> {
    const former = this.#bells.get(channel)
    const subscription = this.#connection.subscribe(this.#stream.subjects.live(channel), {
      callback: (error, message) => {
        if (error === null) this.#ring(channel, bell, message)
        else bell.error = error
      },
    })
    const bell: Bell = { tail: former?.tail ?? new ChannelTail(), subscription, error: undefined }
    this.#bells.set(channel, bell)
    this.#unconfirmed.add(bell)
    try {
      await this.#flushing.ask('', () => this.#stream.rejectOnDisconnect(this.#connection.flush()))
      // What the server said before that is told by promises of its own.
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      this.#unconfirmed.delete(bell)
      const isFormerKept = bell.error !== undefined && former !== undefined && this.#bells.get(channel) === bell
      if (isFormerKept) this.#bells.set(channel, former)
      // Not before: the server must never be without one.
      const superseded = isFormerKept ? bell : former
      superseded?.subscription.unsubscribe()
    }
    if (bell.error !== undefined) throw bell.error
  }

  /** The server takes no more subscriptions, and does not say which one it has refused: none that it has not confirmed counts. */
  refuse(error: Error): void {
    for (const bell of this.#unconfirmed) bell.error ??= error
  }

  unlisten(channel: string): void {
    const bell = this.#bells.get(channel)
    this.#bells.delete(channel)
    bell?.subscription.unsubscribe()
  }

  #ring(channel: string, { tail }: Bell, { headers, data }: Msg): void {
    const { snapshot, generation, name, contested } = this.#stream
    // By a leaf node there may be a copy of what another stream has stored.
    if (headers?.get('Nats-Stream') !== name) return
    const sequence = Number(headers?.get('Nats-Sequence'))
    const previous = Number(headers?.get('Nats-Last-Sequence'))
    // It says what it followed among the events. Where it followed nothing, the stream is asked: it may be the end, which is alone
    // on its subject, or the first event after a time in which there may have been one that has expired, or another stream.
    const isOurs = contested === undefined
    const isEnough = snapshot !== undefined && isOurs && tail.isOf(generation) && tail.epoch === snapshot.epoch
    if (!isEnough || tail.end !== undefined || !(previous > 0) || sequence <= tail.sequence) {
      this.#hear(channel)
      return
    }
    const stored = { sequence, headers, data, at: timeOf(headers?.get('Nats-Time-Stamp')) }
    tail.noteHeard(snapshot.epoch, generation, stored, previous)
    // That of a stream of the same name in another domain, which counts otherwise, would have ours look shorter than it was.
    if (tail.isAttached) this.#stream.noteSequence(sequence)
    const entry = entryOf(stored, false, true)
    const place = formatPlace(snapshot.epoch, sequence)
    this.#hear(channel, {
      after: formatPlace(snapshot.epoch, previous),
      entries: [{ place, entry }],
      bytes: data.length,
    })
  }
}

/** Servers say it since 2.10. */
function timeOf(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? undefined : at
}
