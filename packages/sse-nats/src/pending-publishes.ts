import type { MsgHdrs } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'
import type { Answer } from './answer.js'
import { Refusal } from './inbox.js'
import type { Stream } from './stream.js'

/** A publish, and what to do with the answer. */
export interface PendingPublish {
  readonly subject: string
  readonly payload: Uint8Array
  readonly headers: MsgHdrs
  readonly bufferedBytes: number
  answer(answer: Answer): void
}

/** The publishes that are not answered yet. */
export class PendingPublishes {
  /** How much the publishes that await an answer take, in bytes. */
  bytes = 0
  readonly #stream: Stream
  readonly #onIdle: () => void
  #questions = 0

  /** @param onIdle called when nothing awaits an answer any more */
  constructor(stream: Stream, onIdle: () => void) {
    this.#stream = stream
    this.#onIdle = onIdle
  }

  get isIdle(): boolean {
    return this.#questions === 0
  }

  /** Sends it. `answer` is not called if no answer comes in time, or if the connection is lost. */
  send({ subject, payload, headers, bufferedBytes, answer }: PendingPublish): void {
    const { inbox } = this.#stream
    const finish = (): void => {
      this.#questions -= 1
      this.bytes -= bufferedBytes
    }
    this.#questions += 1
    this.bytes += bufferedBytes
    try {
      inbox.post(
        subject,
        payload,
        headers,
        (reply) => {
          finish()
          answer(this.#stream.answerOf(reply))
          if (this.isIdle) this.#onIdle()
        },
        (error) => {
          finish()
          if (error instanceof Refusal) answer({ kind: 'refused', error })
          if (this.isIdle) this.#onIdle()
        },
      )
    } catch (cause) {
      finish()
      answer({ kind: 'refused', error: new SseError('ERR_SSE_BACKPLANE', 'the NATS client refused', { cause }) })
    }
  }
}
