import { setTimeout as wait } from 'node:timers/promises'
import { SseError } from '@ssekit/sse-core'
import { Consumer, type PullOptions } from './consumer.js'
import type { StoredMessage } from './messages.js'
import type { Stream } from './stream.js'

export interface RangeOptions {
  readonly subject: string
  /** From which sequence on, and up to which one, that there is. */
  readonly from: number
  readonly newest: number
  /** Without the events themselves. */
  readonly headersOnly: boolean
  /** How many are asked for at once. */
  readonly batch: number
  readonly maxBytes: number
  /** Takes what was read, oldest first, and says whether that is enough. */
  readonly take: (messages: readonly StoredMessage[]) => boolean
}

/** After how much silence a pull counts as lost, in ms; after twice that, if the next one brings nothing, too. */
const SILENCE_MS = 1_500

/** How long to wait for a server that has not yet what others have, in ms. */
const BEHIND_MS = 50

/** How far a visit has come. */
interface Progress {
  /** The sequence from which on it reads. */
  next: number
  silenceMs: number
  /** When something came the last time, by `performance.now()`. */
  lastTime: number
}

/**
 * Reads many messages of a subject, by a consumer of which nothing remains: older servers have no other way to send more
 * than one message for one question.
 *
 * @throws {SseError} `ERR_SSE_BACKPLANE`: the server refuses, or has sent nothing for `timeoutMs`
 */
export async function readRange(stream: Stream, options: RangeOptions): Promise<void> {
  const { subject, headersOnly } = options
  const progress: Progress = { next: options.from, silenceMs: SILENCE_MS, lastTime: performance.now() }
  // After a loss the consumer is ahead of what was heard: another one begins there.
  for (let isLost = true; isLost; ) {
    const consumer = await Consumer.of(stream, { subject, from: progress.next, headersOnly })
    try {
      isLost = await readAll(stream, consumer, options, progress)
    } finally {
      consumer.delete()
    }
  }
}

/** Reads what one consumer brings, until there is no more, or that is enough, or something was lost, of which it says true. */
async function readAll(
  stream: Stream,
  consumer: Consumer,
  { subject, newest, batch, maxBytes, take }: RangeOptions,
  progress: Progress,
): Promise<boolean> {
  const many = { count: batch, maxBytes: maxBytes }
  const single = { count: 1, maxBytes: undefined }
  let amount: Pick<PullOptions, 'count' | 'maxBytes'> = many
  while (progress.next <= newest) {
    const { messages: pulled, end, reason } = await consumer.pull({ ...amount, silenceMs: progress.silenceMs })
    // A replica that is behind begins where it ends itself, which may be long before that.
    const messages = pulled.filter(({ sequence }) => sequence >= progress.next)
    const last = messages.at(-1)
    if (last !== undefined) {
      if (take(messages)) return false
      progress.next = last.sequence + 1
    }
    if (pulled.length > 0) {
      progress.lastTime = performance.now()
      amount = many
    } else {
      const isLate = performance.now() - progress.lastTime > stream.timeoutMs
      if (isLate || (end === 'refused' && amount === single)) {
        throw new SseError('ERR_SSE_BACKPLANE', `the broker sends nothing of ${subject} ${reason}`.trimEnd())
      }
      if (end === 'lost') progress.silenceMs *= 2
      else if (end === 'refused') amount = single
      else if (!(await isThereAny(stream, subject, progress.next, newest))) return false
      else await wait(BEHIND_MS, undefined, { ref: false })
    }
    if (end === 'lost') return progress.next <= newest
  }
  return false
}

/** Whether the messages that were there are there still. */
async function isThereAny(stream: Stream, subject: string, from: number, newest: number): Promise<boolean> {
  const message = await stream.next(subject, from)
  return message !== undefined && message.sequence <= newest
}
