import type { SseConnection } from './connection.js'
import { type EventPuller, pullEvents } from './event-puller.js'
import type { Packet } from './packet.js'
import type { PullSource } from './source.js'
import { SseStream } from './stream.js'
import { Pace, turn } from './turn.js'

/** Streams a source that is read one value after another, no faster than the client reads. Resolves when it is over. */
export async function runPull(connection: SseConnection, source: PullSource): Promise<void> {
  const puller = pullEvents(source)
  // Only after `pullEvents` has claimed the stream: it refuses a second consumer, which must not set the bound.
  if (source instanceof SseStream) {
    source.bound(connection.config.settings.maxBufferedBytes, () => connection.close('slow'))
  }
  const forget = connection.rareState.onCancel(() => puller.cancel(connection.config.report))
  const pace = new Pace()
  try {
    // Sending the headers for other sources may have shown that the client has disconnected.
    if (connection.closeReason !== undefined) return
    let next = pullPacket(connection, puller)
    await turnUnlessRejected(next)
    connection.open()
    for (let result = await next; !result.isDone && connection.closeReason === undefined; result = await next) {
      const { packet } = result
      if (packet !== undefined && !(await connection.sendPacket(packet))) return
      await pace.step()
      next = pullPacket(connection, puller)
    }
  } finally {
    forget()
    puller.cancel(connection.config.report)
  }
}

interface Pulled {
  readonly isDone: boolean
  /** Undefined for an event that a filter rejected. */
  readonly packet?: Packet
}

/**
 * Pulls and encodes the next event. If that cannot be written, the source fails: for the first event, with an error
 * response.
 */
async function pullPacket(connection: SseConnection, puller: EventPuller): Promise<Pulled> {
  const { done, value } = await puller.next()
  if (done || connection.closeReason !== undefined) return { isDone: true }
  if (!connection.accepts(value)) return { isDone: false }
  return { isDone: false, packet: connection.config.encoder.event(value) }
}

/** Waits one turn of the event loop, in which an error of the source can still become an error response. */
function turnUnlessRejected(first: Promise<unknown>): Promise<unknown> {
  const oneTurn = turn()
  return Promise.race([oneTurn, first.then(() => oneTurn)])
}
