import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream'
import { createInbox, type Msg, nanos } from '@nats-io/transport-node'
import { inTime, SseError } from '@ssekit/sse-core'
import type { StoredMessage } from './messages.js'
import type { Stream } from './stream.js'

/** When the server removes a consumer that was not deleted, since the connection was lost, in ms. */
const ABANDONED_MS = 10_000

/**
 * How long the server may keep an empty hand, in ms, and how often in a row. It counts what it has for a consumer, and while
 * messages come in it may count one twice; then it waits for the other one.
 */
const EMPTY_MS = 50
const MAX_EMPTY = 20

export interface VisitOptions {
  readonly subject: string
  /** From which sequence on, and up to which one, that there is. */
  readonly from: number
  readonly newest: number
  /** Without the events themselves. */
  readonly isBare: boolean
  /** How many are asked for at once. */
  readonly atOnce: number
  /** Takes what was read, oldest first, and says whether that is enough. */
  readonly take: (messages: readonly StoredMessage[]) => boolean
}

/**
 * Reads many messages of a subject, by a consumer of which nothing remains: older servers have no other way to send more
 * than one message for one question.
 */
export async function visit(stream: Stream, options: VisitOptions): Promise<void> {
  const { subject, from, newest, isBare, atOnce, take } = options
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
  const { apiPrefix, watcherPrefix } = manager.getOptions()
  const next = `${apiPrefix}.CONSUMER.MSG.NEXT.${stream.name}.${name}`
  try {
    let empty = 0
    for (let last = 0; last < newest; ) {
      const messages = await pull(stream, next, createInbox(watcherPrefix), atOnce)
      empty = messages.length === 0 ? empty + 1 : 0
      if (empty === MAX_EMPTY) throw new SseError('ERR_SSE_BACKPLANE', `the broker sends nothing of ${subject}`)
      if (take(messages)) return
      last = messages.at(-1)?.sequence ?? last
    }
  } finally {
    // If the server does not hear of it, it removes it on its own.
    manager.consumers.delete(stream.name, name).catch(() => {})
  }
}

/** Some messages. The client's own ways of pulling wait for one more answer, or for a time. */
async function pull(stream: Stream, subject: string, inbox: string, count: number): Promise<readonly StoredMessage[]> {
  const { connection, timeoutMs } = stream
  const messages: StoredMessage[] = []
  let settle: (error?: Error) => void = () => {}
  const pulled = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error))
  })
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      const code = message.headers?.code ?? 0
      if (error !== null) settle(error)
      else if (code === 503) settle(new SseError('ERR_SSE_BACKPLANE', `nobody answers to ${subject}`))
      // There are no more.
      else if (code !== 0) settle()
      else if (messages.push(messageOf(message)) === count) settle()
    },
  })
  try {
    const request = { batch: count, no_wait: true, expires: nanos(EMPTY_MS) }
    connection.publish(subject, JSON.stringify(request), { reply: inbox })
    await inTime(stream.ask(pulled), timeoutMs, subject)
  } finally {
    subscription.unsubscribe()
  }
  return messages
}

/** The sequence is in the subject for the acknowledgement, which has two more tokens where there are domains. */
function messageOf({ reply = '', headers, data }: Msg): StoredMessage {
  const tokens = reply.split('.')
  const first = tokens.length > 9 ? 4 : 2
  const [sequence, , nanoseconds] = tokens.slice(first + 3).map(Number)
  return { sequence: sequence ?? 0, headers, data, at: Math.floor((nanoseconds ?? 0) / 1e6) }
}
