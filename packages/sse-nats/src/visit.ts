import { SseError } from '@ssekit/sse-core'
import { Consumer, type PullEnd, type PullOptions } from './consumer.js'
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

/** After how much silence a pull counts as lost, in ms; after twice that, if the next one brings nothing, too. */
const SILENCE_MS = 1_500

/**
 * Reads many messages of a subject, by a consumer of which nothing remains: older servers have no other way to send more
 * than one message for one question.
 *
 * @throws {SseError} `ERR_SSE_BACKPLANE`: the server refuses, or has sent nothing for `timeoutMs`
 */
export async function visit(stream: Stream, options: VisitOptions): Promise<void> {
  const { subject, newest, isBare, atOnce, bytesAtOnce, take } = options
  const many = { count: atOnce, maxBytes: bytesAtOnce }
  const single = { count: 1, maxBytes: undefined }
  let next = options.from
  let silenceMs = SILENCE_MS
  let lastTime = performance.now()
  while (next <= newest) {
    const consumer = await Consumer.of(stream, { subject, from: next, isBare })
    try {
      let amount: Pick<PullOptions, 'count' | 'maxBytes'> = many
      // After a loss the consumer is ahead of what was heard: another one begins there.
      for (let end: PullEnd = 'done'; end !== 'lost' && next <= newest; ) {
        const handful = await consumer.pull({ ...amount, silenceMs })
        const last = handful.messages.at(-1)
        end = handful.end
        if (last !== undefined) {
          if (take(handful.messages)) return
          next = last.sequence + 1
          amount = many
          lastTime = performance.now()
          continue
        }
        const isLate = performance.now() - lastTime > stream.timeoutMs
        if (isLate || (end === 'refused' && amount === single)) {
          throw new SseError('ERR_SSE_BACKPLANE', `the broker sends nothing of ${subject} ${handful.reason}`.trimEnd())
        }
        if (end === 'lost') silenceMs *= 2
        else if (end === 'refused') amount = single
        else if (!(await isThereAny(stream, options, next))) return
      }
    } finally {
      consumer.delete()
    }
  }
}

/** Whether the messages that were there are there still. */
async function isThereAny(stream: Stream, { subject, newest }: VisitOptions, from: number): Promise<boolean> {
  const message = await stream.next(subject, from)
  return message !== undefined && message.sequence <= newest
}
