import { createInbox, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'

/** There is no reply, and there will be none: the server has not taken the message. */
export class Refusal extends SseError {}

interface Waiting {
  readonly subject: string
  readonly deadline: number
  readonly onReply: (reply: Msg) => void
  readonly onLost: (error: Error) => void
  /** For requests that can be repeated without harm. */
  question?: { readonly payload: string | Uint8Array; nextTime: number; waitMs: number }
}

export interface InboxOptions {
  readonly timeoutMs: number
  /** Called when an answer has not come in time. */
  readonly onSilence: () => void
  /** Called with an answer that nobody waits for: it is late, or the second one. */
  readonly onStray: (reply: Msg) => void
}

/**
 * After how long a request is repeated, in ms; the time doubles with each repeat. With many channels a server may take
 * a while.
 */
const AGAIN_MS = 1_000
/** With a shorter `timeoutMs`, the fraction of it after which a request is repeated. */
const AGAIN_PART = 1 / 5

/**
 * Requests to the server and their replies, over one subscription. The client's own requests cost several times as
 * much, which matters where ten thousand channels are compared every four seconds.
 */
export class Inbox {
  readonly #connection: NatsConnection
  readonly #options: InboxOptions
  readonly #waiting = new Map<number, Waiting>()
  #count = 0
  #prefix = ''
  #subscription: Subscription | undefined
  #timer: NodeJS.Timeout | undefined
  #againTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(connection: NatsConnection, options: InboxOptions) {
    this.#connection = connection
    this.#options = options
  }

  /**
   * Subscribes to replies, unless it is subscribed already.
   *
   * @throws {SseError} `ERR_SSE_CLOSED`: nothing would unsubscribe it
   */
  open(prefix: string | undefined): void {
    this.#requireOpen()
    if (this.#subscription?.isClosed() === false) return
    this.#prefix = createInbox(prefix)
    this.#subscription = this.#connection.subscribe(`${this.#prefix}.*`, {
      callback: (error, reply) => {
        if (error === null) this.#receive(reply)
        else this.abandon(error)
      },
    })
  }

  /**
   * The reply to a request that changes nothing. Rejects if there is none in time, or no responder.
   *
   * The request is repeated: a server that is loading a stream reports it as present, and leaves requests for its
   * messages unanswered.
   */
  ask(subject: string, payload: string | Uint8Array): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const onReply = (reply: Msg): void => {
        if (reply.headers?.code === 503) reject(new SseError('ERR_SSE_BACKPLANE', `nobody answers to ${subject}`))
        else resolve(reply)
      }
      const waiting = this.#waiting.get(this.post(subject, payload, undefined, onReply, reject)) as Waiting
      const waitMs = Math.min(AGAIN_MS, this.#options.timeoutMs * AGAIN_PART)
      waiting.question = { payload, nextTime: performance.now() + waitMs, waitMs: 2 * waitMs }
      this.#againTimer ??= setInterval(() => this.#askAgain(), waitMs).unref()
    })
  }

  /**
   * Publishes a request and returns its number.
   *
   * @throws {Error} the client refuses to send it, or the inbox is closed
   */
  post(
    subject: string,
    payload: string | Uint8Array,
    headers: MsgHdrs | undefined,
    onReply: (reply: Msg) => void,
    onLost: (error: Error) => void,
  ): number {
    this.#requireOpen()
    this.#count += 1
    const reply = this.#addressOf(this.#count)
    this.#connection.publish(subject, payload, headers === undefined ? { reply } : { reply, headers })
    this.#waiting.set(this.#count, { subject, deadline: performance.now() + this.#options.timeoutMs, onReply, onLost })
    this.#timer ??= setTimeout(() => this.#dropLate(), this.#options.timeoutMs).unref()
    return this.#count
  }

  /** Rejects all requests: the connection was lost, and the replies with it. */
  abandon(error: Error): void {
    const lost = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { onLost } of lost) onLost(error)
  }

  /** Rejects the requests to a subject: the server lets this user publish nothing there. */
  refuse(subject: string, cause: Error): Refusal {
    const error = new Refusal('ERR_SSE_BACKPLANE', `the broker refuses what is published to ${subject}`, { cause })
    for (const [number, waiting] of [...this.#waiting]) {
      if (waiting.subject !== subject) continue
      this.#waiting.delete(number)
      waiting.onLost(error)
    }
    return error
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearInterval(this.#againTimer)
    this.#subscription?.unsubscribe()
    this.abandon(closedError())
  }

  #requireOpen(): void {
    if (this.#isClosed) throw closedError()
  }

  #addressOf(number: number): string {
    return `${this.#prefix}.${number}`
  }

  #receive(reply: Msg): void {
    const number = Number(reply.subject.slice(this.#prefix.length + 1))
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (waiting === undefined) this.#options.onStray(reply)
    else waiting.onReply(reply)
  }

  #askAgain(): void {
    if (this.#waiting.size === 0) {
      clearInterval(this.#againTimer)
      this.#againTimer = undefined
      return
    }
    if (this.#connection.isClosed()) return
    const now = performance.now()
    for (const [number, { subject, question, onLost }] of this.#waiting) {
      if (question === undefined || question.nextTime > now) continue
      question.nextTime = now + question.waitMs
      question.waitMs *= 2
      try {
        this.#connection.publish(subject, question.payload, { reply: this.#addressOf(number) })
      } catch (error) {
        // The application is draining the connection, so no answer can come.
        this.#waiting.delete(number)
        onLost(error as Error)
      }
    }
  }

  /** In the order of the requests. */
  #dropLate(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const [number, { deadline, onLost }] of this.#waiting) {
      if (deadline > now) {
        this.#timer = setTimeout(() => this.#dropLate(), deadline - now + 1).unref()
        return
      }
      this.#waiting.delete(number)
      onLost(new SseError('ERR_SSE_BACKPLANE', `the broker did not answer in ${this.#options.timeoutMs} ms`))
      this.#options.onSilence()
    }
  }
}

function closedError(): SseError {
  return new SseError('ERR_SSE_CLOSED', 'the backplane is closed')
}
