import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy } from '@nats-io/jetstream'
import { createInbox, type Msg, nanos } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'
import type { StoredMessage } from './messages.js'
import type { Stream } from './stream.js'

/** When the server removes a consumer that was not deleted, since the connection was lost, in ms. */
const ABANDONED_MS = 10_000

/** How long the server may keep an empty hand, in ms. */
const PULL_MS = 1_000

/**
 * When it is thought to have forgotten a pull, in ms without a word: one that it comes to after `PULL_MS` it drops, and older
 * servers do not say that.
 */
const FORGOTTEN_MS = 1_500

export interface ConsumerOptions {
  readonly subject: string
  /** From which sequence on. */
  readonly from: number
  /** Without the events themselves. */
  readonly isBare: boolean
}

/** What one pull has brought. */
export interface Handful {
  readonly messages: readonly StoredMessage[]
  /** Whether the server may have forgotten the pull: what it sends for it from now on is lost. */
  readonly isForgotten: boolean
}

/** Reads messages of a subject in their order. The server forgets it at its end, or soon after the connection is lost. */
export class Consumer {
  readonly #stream: Stream
  readonly #manager: JetStreamManager
  readonly #name: string

  private constructor(stream: Stream, manager: JetStreamManager, name: string) {
    this.#stream = stream
    this.#manager = manager
    this.#name = name
  }

  static async of(stream: Stream, { subject, from, isBare }: ConsumerOptions): Promise<Consumer> {
    const manager = await stream.manager()
    const { name } = await stream.ask(
      manager.consumers.add(stream.name, {
        filter_subject: subject,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: Math.max(1, from),
        ack_policy: AckPolicy.None,
        replay_policy: ReplayPolicy.Instant,
        headers_only: isBare,
        inactive_threshold: nanos(ABANDONED_MS),
        mem_storage: true,
        num_replicas: 1,
      }),
    )
    return new Consumer(stream, manager, name)
  }

  /**
   * At most `count` messages and `maxBytes` bytes; none if there are none now. The client's own ways of pulling wait for one more
   * answer, or for a time.
   */
  async pull(count: number, maxBytes: number): Promise<Handful> {
    const { connection, name } = this.#stream
    const { apiPrefix, watcherPrefix } = this.#manager.getOptions()
    const subject = `${apiPrefix}.CONSUMER.MSG.NEXT.${name}.${this.#name}`
    const inbox = createInbox(watcherPrefix)
    const messages: StoredMessage[] = []
    let settle: (error: Error | undefined, isForgotten: boolean) => void = () => {}
    const pulled = new Promise<boolean>((resolve, reject) => {
      settle = (error, isForgotten) => (error === undefined ? resolve(isForgotten) : reject(error))
    })
    const silence = setTimeout(() => settle(undefined, true), FORGOTTEN_MS)
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        const code = message.headers?.code ?? 0
        silence.refresh()
        if (error !== null) settle(error, false)
        else if (code === 503) settle(new SseError('ERR_SSE_BACKPLANE', `nobody answers to ${subject}`), false)
        // There are no more, or the next one is too big for the rest of `maxBytes`.
        else if (code !== 0) settle(undefined, false)
        else if (messages.push(messageOf(message)) === count) settle(undefined, false)
      },
    })
    try {
      const request = { batch: count, max_bytes: maxBytes, no_wait: true, expires: nanos(PULL_MS) }
      connection.publish(subject, JSON.stringify(request), { reply: inbox })
      return { isForgotten: await this.#stream.ask(pulled), messages }
    } finally {
      clearTimeout(silence)
      subscription.unsubscribe()
    }
  }

  /** If the server does not hear of it, it deletes the consumer on its own. */
  delete(): void {
    this.#manager.consumers.delete(this.#stream.name, this.#name).catch(() => {})
  }
}

/** The sequence is in the subject for the acknowledgement, which has two more tokens where there are domains. */
function messageOf({ reply = '', headers, data }: Msg): StoredMessage {
  const tokens = reply.split('.')
  const first = tokens.length > 9 ? 4 : 2
  const [sequence, , nanoseconds] = tokens.slice(first + 3).map(Number)
  return { sequence: sequence ?? 0, headers, data, at: Math.floor((nanoseconds ?? 0) / 1e6) }
}
