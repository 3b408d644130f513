import { setTimeout as wait } from 'node:timers/promises'
import { SseError } from '@ssekit/sse-core'
import { Consumer, type PullOptions } from './consumer.js'
import type { StoredMessage } from './messages.js'
import type { Stream } from './stream.js'

export interface RangeOptions {
  readonly subject: string
  /** The first sequence, and the last one, which exists. */
  readonly from: number
  readonly newest: number
  /** Whether payloads are left out. */
  readonly headersOnly: boolean
  /** How many messages one pull requests. */
  readonly batch: number
  readonly maxBytes: number
  /** Takes messages, oldest first, and returns whether they are enough. */
  readonly take: (messages: readonly StoredMessage[]) => boolean
}

/** After how much silence a pull counts as lost, in ms; it doubles each time a pull brings nothing. */
const SILENCE_MS = 1_500

/** How long to wait for a server that lags behind others, in ms. */
const BEHIND_MS = 50

/** How far the read has come. */
interface Progress {
  /** The next sequence to read. */
  next: number
  silenceMs: number
  /** When the last message arrived, by `performance.now()`. */
  lastTime: number
}

/**
 * Reads many messages of a subject, by a temporary consumer: older servers have no other way to send more than one
 * message per request.
 *
 * @throws {SseError} `ERR_SSE_BACKPLANE`: the server refuses, or has sent nothing for `timeoutMs`
 */
export async function readRange(stream: Stream, options: RangeOptions): Promise<void> {
  const { subject, headersOnly } = options
  const progress: Progress = { next: options.from, silenceMs: SILENCE_MS, lastTime: performance.now() }
  // After a loss the consumer is ahead of what arrived, so another one starts there.
  for (let isLost = true; isLost; ) {
    const consumer = await Consumer.of(stream, { subject, from: progress.next, headersOnly })
    try {
      isLost = await readAll(stream, consumer, options, progress)
    } finally {
      consumer.delete()
    }
  }
}

/** Reads from one consumer until there is no more, or `take` has enough. Returns true if something was lost instead. */
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
    // A replica that lags behind starts at its own end, which may be long before that.
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

/** Whether the rest of the messages still exists. */
async function isThereAny(stream: Stream, subject: string, from: number, newest: number): Promise<boolean> {
  const message = await stream.next(subject, from)
  return message !== undefined && message.sequence <= newest
}
