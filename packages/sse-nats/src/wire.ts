import { createInbox, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'
import { type Answer, answerOf } from './answer.js'
import type { Stream } from './stream.js'

/** What is sent and answered. */
export interface Question {
  readonly subject: string
  readonly payload: Uint8Array
  readonly headers: MsgHdrs
  readonly bytes: number
  /** Until when somebody waits for the answer, by `performance.now()`. */
  readonly deadline: number
  answer(answer: Answer): void
}

/**
 * What is published and not answered yet, over one subscription for all answers. The broker answers in the order in which it
 * is asked, so what is answered tells of what is not.
 */
export class Wire {
  /** How many bytes wait for an answer, those included that nobody waits for any more. */
  bytes = 0
  readonly #stream: Stream
  readonly #connection: NatsConnection
  readonly #asked = new Map<number, Question>()
  #count = 0
  #inbox = ''
  #subscription: Subscription | undefined

  constructor(stream: Stream) {
    this.#stream = stream
    this.#connection = stream.connection
  }

  get isEmpty(): boolean {
    return this.#asked.size === 0
  }

  /** Listens for answers. */
  async open(): Promise<void> {
    if (this.#subscription !== undefined && !this.#subscription.isClosed()) return
    const { watcherPrefix } = (await this.#stream.manager()).getOptions()
    this.#inbox = createInbox(watcherPrefix)
    this.#subscription = this.#connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answer(message)
      },
    })
  }

  /** Sends it; whatever goes wrong is an answer too. */
  send(question: Question): void {
    const { subject, payload, headers, bytes } = question
    this.#count += 1
    this.#asked.set(this.#count, question)
    this.bytes += bytes
    try {
      this.#connection.publish(subject, payload, { headers, reply: `${this.#inbox}.${this.#count}` })
    } catch (cause) {
      this.#forget(this.#count)
      question.answer({ kind: 'refused', error: new SseError('ERR_SSE_BACKPLANE', 'the client refused', { cause }) })
    }
  }

  /** Forgets what should have been answered by now. */
  forgetLate(now: number): void {
    for (const [number, { deadline }] of this.#asked) if (deadline <= now) this.#forget(number)
  }

  /** Forgets everything: the connection was lost, and the answers with it. */
  clear(): void {
    this.#asked.clear()
    this.bytes = 0
  }

  close(): void {
    this.clear()
    this.#subscription?.unsubscribe()
  }

  #answer(message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length + 1))
    const question = this.#asked.get(number)
    if (question === undefined) return
    this.#forget(number)
    const now = performance.now()
    // Never answered, and nobody waits for it.
    for (const [earlier, { deadline }] of this.#asked) {
      if (earlier > number || deadline > now) break
      this.#forget(earlier)
    }
    question.answer(answerOf(message, this.#stream.name))
  }

  #forget(number: number): void {
    this.bytes -= this.#asked.get(number)?.bytes ?? 0
    this.#asked.delete(number)
  }
}
