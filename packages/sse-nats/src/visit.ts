import { SseError } from '@ssekit/sse-core'
import { Consumer } from './consumer.js'
import type { StoredMessage } from './messages.js'
import type { Stream } from './stream.js'

export interface VisitOptions {
  readonly subject: string
  /** From which sequence on, and up to which one, that there is. */
  readonly from: number
  readonly newest: number
  /** Without the events themselves. */
  readonly isBare: boolean
  /** How many are asked for at once. */
  readonly atOnce: number
  readonly bytesAtOnce: number
  /** Takes what was read, oldest first, and says whether that is enough. */
  readonly take: (messages: readonly StoredMessage[]) => boolean
}

/**
 * Reads many messages of a subject, by a consumer of which nothing remains: older servers have no other way to send more
 * than one message for one question.
 *
 * @throws {SseError} `ERR_SSE_BACKPLANE`: the server has sent nothing for `timeoutMs`
 */
export async function visit(stream: Stream, options: VisitOptions): Promise<void> {
  const { subject, newest, isBare, atOnce, bytesAtOnce, take } = options
  let next = options.from
  let lastTime = performance.now()
  while (next <= newest) {
    const consumer = await Consumer.of(stream, { subject, from: next, isBare })
    try {
      // One that has forgotten a pull may have sent what was never heard. Another one begins behind what was.
      for (let isForgotten = false; !isForgotten && next <= newest; ) {
        const handful = await consumer.pull(atOnce, bytesAtOnce)
        isForgotten = handful.isForgotten
        const last = handful.messages.at(-1)
        if (last !== undefined) {
          if (take(handful.messages)) return
          next = last.sequence + 1
          lastTime = performance.now()
        } else if (performance.now() - lastTime > stream.timeoutMs) {
          throw new SseError('ERR_SSE_BACKPLANE', `the broker sends nothing of ${subject}`)
        }
      }
    } finally {
      consumer.delete()
    }
  }
}
