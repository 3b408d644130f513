import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy } from '@nats-io/jetstream'
import { createInbox, type Msg, nanos } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'
import type { StoredMessage } from './messages.js'
import type { Stream } from './stream.js'

/** When the server removes a consumer that was not deleted because the connection was lost, in ms. */
const INACTIVE_THRESHOLD_MS = 10_000

/** How long the server keeps a pull request open, in ms (`expires`). */
const PULL_EXPIRES_MS = 1_000

export interface ConsumerOptions {
  readonly subject: string
  /** The first sequence. */
  readonly from: number
  /** Whether payloads are left out. */
  readonly headersOnly: boolean
}

/** Why a pull ended. */
type PullEnd =
  /** There are no more messages now, or all that were requested have come. */
  | 'done'
  /** The server refused it, or the next message is too big for it. */
  | 'refused'
  /** The server may have dropped the pull, or a message was lost. Whatever else this pull brings is discarded. */
  | 'lost'

/** The result of one pull. */
export interface PullResult {
  readonly messages: readonly StoredMessage[]
  readonly end: PullEnd
  /** The server's words. */
  readonly reason: string
}

export interface PullOptions {
  readonly count: number
  /** Undefined for a single message, which may have any size. */
  readonly maxBytes: number | undefined
  /**
   * After how much silence the pull counts as lost, in ms; more than a second. A server that gets to it later drops it,
   * and older servers do not say so.
   */
  readonly silenceMs: number
}

/**
 * Reads messages of a subject in order. The server removes it when it is deleted, or soon after the connection is lost.
 */
export class Consumer {
  readonly #stream: Stream
  readonly #manager: JetStreamManager
  readonly #name: string
  // The server numbers its deliveries to a consumer.
  #delivered = 0

  private constructor(stream: Stream, manager: JetStreamManager, name: string) {
    this.#stream = stream
    this.#manager = manager
    this.#name = name
  }

  static async of(stream: Stream, { subject, from, headersOnly }: ConsumerOptions): Promise<Consumer> {
    const manager = await stream.manager()
    const { name } = await stream.rejectOnDisconnect(
      manager.consumers.add(stream.name, {
        filter_subject: subject,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: Math.max(1, from),
        ack_policy: AckPolicy.None,
        replay_policy: ReplayPolicy.Instant,
        headers_only: headersOnly,
        inactive_threshold: nanos(INACTIVE_THRESHOLD_MS),
        mem_storage: true,
        num_replicas: 1,
      }),
    )
    return new Consumer(stream, manager, name)
  }

  /**
   * Some messages, or none if there are none now. The client's own pull methods wait for one more answer, or for a
   * timeout.
   *
   * @throws {SseError} `ERR_SSE_BACKPLANE`: the server does not know the consumer, or the connection was lost
   */
  async pull({ count, maxBytes, silenceMs }: PullOptions): Promise<PullResult> {
    const { connection, name } = this.#stream
    const { apiPrefix, watcherPrefix } = this.#manager.getOptions()
    const subject = `${apiPrefix}.CONSUMER.MSG.NEXT.${name}.${this.#name}`
    const inbox = createInbox(watcherPrefix)
    const messages: StoredMessage[] = []
    let reason = ''
    let settle: (end: PullEnd | Error) => void = () => {}
    const ended = new Promise<PullEnd>((resolve, reject) => {
      settle = (end) => (typeof end === 'string' ? resolve(end) : reject(end))
    })
    const hear = (message: Msg): void => {
      const { code = 0, description = '' } = message.headers ?? {}
      reason = description
      if (code === 503) settle(new SseError('ERR_SSE_BACKPLANE', `nobody answers to ${subject}`))
      else if (code === 409) settle('refused')
      else if (code !== 0) settle('done')
      else {
        const { message: stored, delivery } = deliveryOf(message)
        if (delivery !== this.#delivered + 1) settle('lost')
        else {
          this.#delivered = delivery
          if (messages.push(stored) === count) settle('done')
        }
      }
    }
    let silence: NodeJS.Timeout | undefined
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        silence?.refresh()
        if (error === null) hear(message)
        else settle(error)
      },
    })
    try {
      const request = { batch: count, max_bytes: maxBytes, no_wait: true, expires: nanos(PULL_EXPIRES_MS) }
      connection.publish(subject, JSON.stringify(request), { reply: inbox })
      silence = setTimeout(settle, silenceMs, 'lost')
      return { end: await this.#stream.rejectOnDisconnect(ended), messages, reason }
    } finally {
      clearTimeout(silence)
      subscription.unsubscribe()
    }
  }

  /** If this request does not arrive, the server removes the consumer by itself. */
  delete(): void {
    this.#manager.consumers.delete(this.#stream.name, this.#name).catch(() => {})
  }
}

/** The numbers are in the acknowledgement subject, which has two more tokens where there are domains. */
function deliveryOf({ reply = '', headers, data }: Msg): {
  readonly message: StoredMessage
  readonly delivery: number
} {
  const tokens = reply.split('.')
  const first = tokens.length > 9 ? 4 : 2
  const [sequence = '', delivery = '', nanoseconds = ''] = tokens.slice(first + 3)
  // Parsing all digits as a number would round them, to another time than other reads give.
  const at = Number(nanoseconds.slice(0, -6))
  return { message: { sequence: Number(sequence), headers, data, at }, delivery: Number(delivery) }
}
