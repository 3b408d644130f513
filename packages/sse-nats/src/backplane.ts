import { type Backplane, LogFollowers, SseError } from '@ssekit/sse-core'
import { watchConnection } from './connection-watch.js'
import { NatsLog } from './log.js'
import { type NatsBackplaneOptions, resolveOptions } from './options.js'
import { Publisher } from './publisher.js'
import { Stream } from './stream.js'
import { StreamRecovery } from './stream-recovery.js'
import { Subjects } from './subjects.js'

/**
 * A backplane on NATS JetStream. One stream holds the logs of all channels, and the server notifies each node of what
 * is stored on the channels that it follows.
 *
 * ```ts
 * const connection = await connect({ servers: 'nats://localhost', maxReconnectAttempts: -1 })
 * const manager = new SseManager({ backplane: natsBackplane({ connection }) })
 * ```
 *
 * It requests nothing from the server before it is used. `publish` rejects with `ERR_SSE_BACKPLANE` if there is no
 * answer in time; the event may be stored or not. It rejects with `ERR_SSE_LIMIT` if the event is too big for the
 * server, or if too much is waiting. `close()` waits for pending publishes and unsubscribes; the connection stays yours
 * to close.
 *
 * @throws {TypeError} an option is of the wrong kind
 * @throws {RangeError} an option is out of its range
 */
export function natsBackplane(options: NatsBackplaneOptions): Backplane {
  const settings = resolveOptions(options)
  const { connection } = options
  const { timeoutMs, compareMs, maxBufferedBytes } = settings
  const stream = new Stream(connection, new Subjects(settings.prefix), settings, () => publisher.suspend())
  const log = new NatsLog(stream, (channel, news) => followers.hear(channel, news))
  const followers = new LogFollowers(log, { timeoutMs, compareMs })
  const recovery = new StreamRecovery(stream, {
    isNeeded: () => publisher.isWaiting || log.isFollowed,
    onRecovered: () => {
      followers.compare()
      publisher.resume()
    },
    onRefused: (error) => publisher.refuse(error),
  })
  const publisher = new Publisher(stream, {
    maxBufferedBytes,
    onTrouble: () => recovery.start(),
    reason: () => recovery.reason,
  })
  /** Nothing that is in flight when the connection is lost will be answered. */
  const drop = (): void => {
    // This order matters: `invalidate()` fails the publisher's pending publishes, and a publisher that is not suspended
    // by then would send the next ones.
    publisher.onDisconnect()
    stream.invalidate()
  }
  const unwatch = watchConnection(connection, {
    onDisconnect: () => {
      recovery.stop(new Error('the NATS connection is lost'))
      drop()
    },
    onReconnect: () => {
      drop()
      recovery.restart()
    },
    onClose: () => {
      recovery.stop(new Error('the NATS connection is closed'))
      publisher.fail(new SseError('ERR_SSE_BACKPLANE', 'the NATS connection is closed'))
    },
    onRefused: (subject, cause) => {
      const error = stream.refuse(subject, cause)
      if (error !== undefined) publisher.refuse(error)
    },
    onTooManySubscriptions: (error) => log.refuseListens(error),
  })
  let closing: Promise<void> | undefined

  return {
    publish(channel, input) {
      if (compareMs > 0 && closing === undefined) stream.refreshIfStale(compareMs)
      return publisher.publish(channel, input)
    },
    subscribe: (channel, start, sink) => followers.subscribe(channel, start, sink),
    read: (channel, afterId, limit) => followers.read(channel, afterId, limit),
    close() {
      followers.close()
      closing ??= publisher.close().then(() => {
        recovery.stop()
        unwatch()
        stream.inbox.close()
      })
      return closing
    },
  }
}
