import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import { Coalescer, type LogNews } from '@ssekit/sse-core'
import { ChannelTail } from './channel-tail.js'
import { entryOf, serverHeader } from './messages.js'
import { formatPlace } from './place.js'
import type { Stream } from './stream.js'
import { isEvent } from './subjects.js'

/** What news comes after that only says where to stop reading: no follower is there. */
const NOWHERE = ''

/** Called when a bell rings. Without news it only says that there are some. */
export type HearBell = (channel: string, news?: LogNews) => void

interface Bell {
  readonly tail: ChannelTail
  readonly subscription: Subscription
  /** Why the server refused the subscription. */
  error: Error | undefined
}

/**
 * The notifications ("bells") for the channels that this node follows. The server republishes each message that it
 * stores, with its sequence and the previous one on its subject. So a channel costs a plain subscription; a consumer
 * would cost the server some 25 KB.
 */
export class Bells {
  readonly #stream: Stream
  readonly #connection: NatsConnection
  readonly #hear: HearBell
  readonly #bells = new Map<string, Bell>()
  // Bells whose subscription may not have reached the server yet.
  readonly #unconfirmed = new Set<Bell>()
  readonly #flushing = new Coalescer<void>()

  constructor(stream: Stream, hear: HearBell) {
    this.#stream = stream
    this.#connection = stream.connection
    this.#hear = hear
  }

  /** Whether this node follows any channel. */
  get isAny(): boolean {
    return this.#bells.size > 0
  }

  /** What is known of a channel's newest message; undefined if the channel is not followed. */
  tail(channel: string): ChannelTail | undefined {
    return this.#bells.get(channel)?.tail
  }

  /**
   * Resolves once the server has the subscription. If the channel has a bell already, the new subscription replaces the
   * former one, which is kept if the server refuses the new one.
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
      // The client delivers an error that came before the flush's answer asynchronously.
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      this.#unconfirmed.delete(bell)
      const isFormerKept = bell.error !== undefined && former !== undefined && this.#bells.get(channel) === bell
      if (isFormerKept) this.#bells.set(channel, former)
      // Not earlier: the channel must always have a subscription.
      const superseded = isFormerKept ? bell : former
      superseded?.subscription.unsubscribe()
    }
    if (bell.error !== undefined) throw bell.error
  }

  /** The server refused a subscription for its limit, without saying which. Every unconfirmed one counts as refused. */
  refuse(error: Error): void {
    for (const bell of this.#unconfirmed) bell.error ??= error
  }

  unlisten(channel: string): void {
    const bell = this.#bells.get(channel)
    this.#bells.delete(channel)
    bell?.subscription.unsubscribe()
  }

  #ring(channel: string, { tail }: Bell, { subject, headers, data }: Msg): void {
    const { snapshot, generation, name, contested } = this.#stream
    // A leaf node may deliver the copy that another stream has stored.
    if (serverHeader(headers, 'Nats-Stream') !== name) return
    const sequence = Number(serverHeader(headers, 'Nats-Sequence'))
    const previous = Number(serverHeader(headers, 'Nats-Last-Sequence'))
    const isOurs = contested === undefined
    const isEnough = snapshot !== undefined && isOurs && tail.isOf(generation) && tail.epoch === snapshot.epoch
    if (!isEnough || tail.end !== undefined || sequence <= tail.sequence) {
      this.#hear(channel)
      return
    }
    // Servers send the time since 2.10. From an older one the header is another program's.
    const at = snapshot.now === undefined ? undefined : Date.parse(serverHeader(headers, 'Nats-Time-Stamp'))
    const stored = { sequence, headers, data, at }
    const place = formatPlace(snapshot.epoch, sequence)
    const news = { entries: [{ place, entry: entryOf(stored, false, true) }], bytes: data.length }
    // A message names the previous one on its subject. If there is none, the stream is asked: this may be the end, which
    // is alone on its subject, the first event after others that nobody heard of and that have expired, an event after an
    // end that nobody heard of, or a message of another stream.
    if (!(previous > 0)) {
      if (isEvent(subject)) tail.noteFirst(generation, stored)
      this.#hear(channel, isEvent(subject) ? { after: NOWHERE, ...news } : undefined)
      return
    }
    tail.noteHeard(snapshot.epoch, generation, stored, previous)
    // A stream of the same name in another domain has its own sequences. Counting those would make ours look as if it
    // had lost messages.
    if (tail.isAttached) this.#stream.noteSequence(sequence)
    this.#hear(channel, { after: formatPlace(snapshot.epoch, previous), ...news })
  }
}
