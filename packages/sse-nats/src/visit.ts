import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream'
import { createInbox, type Msg, nanos } from '@nats-io/transport-node'
import { inTime, SseError } from '@ssekit/sse-core'
import type { StoredMessage } from './messages.js'
import type { Stream } from './stream.js'

/** When the server removes a consumer that was not deleted, since the connection was lost, in ms. */
const ABANDONED_MS = 10_000

/** What is read of a subject by a consumer that lives for so long only. */
export interface Visit {
  /** How many messages there were from the beginning on. */
  readonly pending: number
  /** So many more of them, oldest first, but no more than `atOnce`; `[]` if there are none. */
  pull(count: number, atOnce: number): Promise<readonly StoredMessage[]>
}

/**
 * Reads many messages of a subject, by a consumer of which nothing remains: older servers have no other way to send more
 * than one message for one question.
 *
 * @param isBare without the events themselves
 */
export async function visit<T>(
  stream: Stream,
  subject: string,
  from: number,
  isBare: boolean,
  read: (visit: Visit) => Promise<T>,
): Promise<T> {
  const manager = await stream.manager()
  const { name, num_pending: pending } = await stream.ask(
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
    return await read({
      pending,
      pull: (count, atOnce) => pull(stream, next, createInbox(watcherPrefix), Math.min(count, atOnce)),
    })
  } finally {
    // If the server does not hear of it, it removes it on its own.
    manager.consumers.delete(stream.name, name).catch(() => {})
  }
}

/** The client's own ways of pulling wait for one more answer, or for a time. */
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
    connection.publish(subject, JSON.stringify({ batch: count, no_wait: true }), { reply: inbox })
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
