import type { SseChannel, Subscriber } from './channel.js'
import type { SseConnection } from './connection.js'
import type { Cursor } from './cursor.js'
import { idLine, type SseEvent } from './event.js'
import type { EventFilter } from './listener.js'
import { hasOwnId, type LogItem } from './log.js'
import { Packet } from './packet.js'
import { formatGap } from './signals.js'

/** How much is collected for one write when events are picked one by one. */
const MAX_WRITE_BYTES = 64 * 1024

/** Stands for an event that a filter let pass by. */
const FILTERED = Symbol('filtered')

/** A channel on a connection: a cursor, and the pump that writes from it until the head, or until the socket is full. */
export class Subscription implements Subscriber {
  readonly connection: SseConnection
  readonly cursor: Cursor
  readonly #channel: SseChannel
  readonly #filter: EventFilter | undefined
  readonly #onOver: () => void
  #isOver = false
  // Where the client's last event id stands.
  #sentPosition: number

  constructor(
    connection: SseConnection,
    channel: SseChannel,
    cursor: Cursor,
    filter: EventFilter | undefined,
    onOver: () => void,
  ) {
    this.connection = connection
    this.cursor = cursor
    this.#channel = channel
    this.#filter = filter
    this.#onOver = onOver
    this.#sentPosition = cursor.position
  }

  /** Becomes one of the channel's subscribers. */
  begin(): void {
    this.#channel.addSubscriber(this)
  }

  get isDead(): boolean {
    return this.connection.isGone
  }

  /** Whether a filter let events pass by that the client's last event id does not know of. */
  get hasUnsent(): boolean {
    return this.#sentPosition < this.cursor.position
  }

  /** The client's last event id has been moved to the cursor. */
  markSent(): void {
    this.#sentPosition = this.cursor.position
  }

  /** Tells a reader whose place is lost, before anything else. */
  tellGap(): void {
    if (!this.cursor.isLost) return
    const packet = this.#step()
    if (packet !== undefined && packet !== FILTERED) this.connection.enqueue(packet)
  }

  pump(): void {
    if (this.#isOver || !this.connection.isWritable) return
    const { subscriptions } = this.connection
    subscriptions.oneAtATime(() => {
      try {
        if (this.#filter === undefined && !subscriptions.hasVectorIds) this.#pumpBatches()
        else this.connection.run(() => this.#pumpEvents())
      } catch (error) {
        this.connection.fail(error)
      }
    })
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#channel.removeSubscriber(this)
    this.#onOver()
  }

  /** Everybody's bytes as they are: the usual case, and the fast one. */
  #pumpBatches(): void {
    const { connection, cursor } = this
    while (connection.isWritable) {
      const batch = cursor.isInLog ? cursor.log.batch(cursor.position, connection.encoder.eol) : undefined
      if (batch !== undefined) {
        cursor.moveTo(batch.end)
        connection.write(batch.packet)
        continue
      }
      const packet = this.#step()
      if (packet === undefined) break
      if (packet !== FILTERED) connection.write(packet)
    }
    this.markSent()
  }

  #pumpEvents(): void {
    const { connection } = this
    let packets: Packet[] = []
    let bytes = 0
    const write = (): void => {
      if (packets.length > 0) connection.write(Packet.join(packets))
      packets = []
      bytes = 0
    }
    while (connection.isWritable && !this.#isOver) {
      const packet = this.#step()
      if (packet === undefined) break
      if (packet === FILTERED) continue
      packets.push(packet)
      bytes += packet.size
      this.markSent()
      if (bytes >= MAX_WRITE_BYTES) write()
    }
    const checkpoint = this.#isFarAhead() ? connection.subscriptions.checkpoint() : undefined
    if (checkpoint !== undefined) packets.push(checkpoint)
    write()
  }

  /** The bytes of what comes next; undefined if that is nothing yet, or the end. */
  #step(): Packet | typeof FILTERED | undefined {
    const { connection, cursor } = this
    const step = cursor.next()
    if (step === undefined) {
      if (cursor.needsPage) this.#loadPage()
      return undefined
    }
    if (step.kind === 'event') return this.#encode(step.item)
    if (step.kind === 'gap') {
      const channel = connection.subscriptions.hasVectorIds ? { channel: this.#channel.name } : {}
      return connection.encoder.packet(
        formatGap(connection.subscriptions.idAtCursors(), { ...step.gap, ...channel }),
        1,
      )
    }
    this.close()
    return undefined
  }

  #encode(item: LogItem): Packet | typeof FILTERED {
    const { connection } = this
    if (this.#filter !== undefined && !this.#filter(item.event as SseEvent)) return FILTERED
    const frame = item.frame as NonNullable<LogItem['frame']>
    if (!connection.subscriptions.hasVectorIds) return frame.packet(connection.encoder.eol)
    const id = connection.subscriptions.vectorId(hasOwnId(item))
    return connection.encoder.packet(idLine(id) + frame.body, 1)
  }

  #loadPage(): void {
    // If the past cannot be read, the reader goes on after a gap.
    void this.cursor
      .loadPage()
      .catch(this.#channel.report)
      .then(() => this.pump())
  }

  /** Whether so much passed by unsent that the client's last event id might soon fall out of the log. */
  #isFarAhead(): boolean {
    const { log, position } = this.cursor
    if (!this.hasUnsent) return false
    const unsent = position - this.#sentPosition
    return unsent * 2 >= log.limits.maxEvents || (log.oldest > 0 && unsent * 2 >= log.length)
  }
}
