import type { SseChannel } from './channel.js'
import type { SseConnection } from './connection.js'
import { formatGap } from './control-events.js'
import { Cursor, type Place, type Step } from './cursor.js'
import type { SseEvent } from './event.js'
import { idLine } from './event-text.js'
import { type EventFilter, passes } from './filter.js'
import { isId, type LogItem } from './log-item.js'
import type { Packet } from './packet.js'
import type { Reading } from './reading.js'
import type { Subscriber } from './subscribers.js'
import type { SubscriptionGroup } from './subscription-group.js'
import type { Writer } from './writer.js'

/** What a subscription needs if it is not alone on its connection, or has a filter. */
export interface Membership {
  readonly group: SubscriptionGroup
  /** The position of the client's last event id in this channel. */
  sentPosition: number
  readonly filter: EventFilter | undefined
  readonly onOver: () => void
}

/**
 * A channel on a connection: a cursor that writes what it passes, until the log's head or a full socket.
 *
 * The usual one is alone on its connection and has no filter: it has no membership, writes the bytes that the log made
 * for all, and runs no user code. That is the fast path. It touches only this object, its writer and the socket: of ten
 * thousand streams, none is in a CPU cache any more (`npm run bench`: broadcast).
 */
export class Subscription extends Cursor implements Subscriber, Reading {
  readonly connection: SseConnection
  readonly #writer: Writer
  readonly #channel: SseChannel
  #membership: Membership | undefined
  #isOver = false

  constructor(connection: SseConnection, channel: SseChannel, place: Place, membership?: Membership) {
    super(place)
    this.connection = connection
    this.#writer = connection.writer
    this.#channel = channel
    this.#membership = membership
  }

  /** Becomes one of the channel's subscribers. */
  begin(): void {
    this.#channel.subscribers.add(this)
  }

  /** Begins to write; for a subscription that is alone. */
  start(): void {
    // A new client that is disconnected before its first event must be able to resume too.
    const checkpoint = this.isFresh ? this.checkpoint() : undefined
    if (checkpoint !== undefined) {
      if (this.#writer.isWritable) this.#writer.write(checkpoint)
      else this.#writer.enqueue(checkpoint)
    }
    this.pump()
  }

  /** Becomes one of several. */
  join(membership: Membership): void {
    this.#membership = membership
  }

  get isDead(): boolean {
    return this.connection.isGone
  }

  /** Always false: alone, it calls no user code that could ask while it writes. */
  get isPumping(): boolean {
    return false
  }

  get hasMore(): boolean {
    return !this.#isOver && !this.isUpToDate
  }

  get hasUnsent(): boolean {
    return this.#membership !== undefined && this.#membership.sentPosition < this.position
  }

  checkpoint(): Packet | undefined {
    if (this.connection.options.checkpoints === false) return undefined
    const { lastId } = this
    if (!isId(lastId)) return undefined
    this.markSent()
    return this.connection.config.encoder.checkpoint(lastId)
  }

  /** Notes that the client's last event id has moved to the cursor. */
  markSent(): void {
    if (this.#membership !== undefined) this.#membership.sentPosition = this.position
  }

  /** If the reader's place is lost, writes the gap, before anything else. */
  tellGap(): void {
    if (!this.isLost) return
    const packet = this.#nextPacket()
    if (packet !== undefined) this.#writer.enqueue(packet)
  }

  pump(): void {
    if (this.#isOver) return
    if (this.#writer.isWritable) this.#pumpAll()
    if (!this.isUpToDate) this.keepPlace()
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#channel.subscribers.remove(this)
    if (this.#membership === undefined) this.connection.close('end')
    else this.#membership.onOver()
  }

  #pumpAll(): void {
    try {
      if (this.#membership === undefined) this.#pumpBatches()
      else this.#membership.group.oneAtATime(() => this.#pumpAsMember())
    } catch (error) {
      this.connection.fail(error)
    }
  }

  #pumpAsMember(): void {
    const membership = this.#membership as Membership
    if (membership.filter === undefined && !membership.group.hasVectorIds) this.#pumpBatches()
    else this.connection.run(() => this.#pumpEvents(membership))
  }

  /** Writes the bytes that the log made for all readers: the usual case, and the fast one. */
  #pumpBatches(): void {
    const writer = this.#writer
    const { eol } = writer.config.encoder
    while (writer.isWritable) {
      const packet = this.takeBatch(eol) ?? this.#nextPacket()
      if (packet === undefined) break
      writer.write(packet)
      if (this.isUpToDate) break
    }
    this.markSent()
  }

  #pumpEvents(membership: Membership): void {
    const writer = this.#writer
    const { filter } = membership
    while (writer.isWritable && !this.#isOver) {
      const step = this.#nextStep()
      if (step === undefined) break
      if (step.kind === 'event' && filter !== undefined && !passes(filter, step.item.event as SseEvent)) continue
      const packet = this.#packetOf(step)
      if (packet === undefined) break
      // Collected and marked at once, since the filter of a later event may close the connection.
      writer.collect(packet)
      this.markSent()
    }
    const checkpoint = this.#isFarAhead(membership) ? this.connection.reading?.checkpoint() : undefined
    if (checkpoint !== undefined) writer.collect(checkpoint)
    writer.flush()
  }

  #nextPacket(): Packet | undefined {
    const step = this.#nextStep()
    return step && this.#packetOf(step)
  }

  /** Passes what comes next; undefined if there is nothing yet. */
  #nextStep(): Step | undefined {
    const step = this.next()
    if (step === undefined && this.needsPage) this.#loadPage()
    return step
  }

  /** The packet of what was passed; undefined at the end, which closes the subscription. */
  #packetOf(step: Step): Packet | undefined {
    const { encoder } = this.#writer.config
    const group = this.#membership?.group
    if (step.kind === 'event') {
      const { item } = step
      const frame = item.frame as NonNullable<LogItem['frame']>
      const id = group === undefined ? item.id : group.idFor(item)
      return id === item.id ? frame.packet(encoder.eol) : encoder.packet(idLine(id) + frame.body, 1)
    }
    if (step.kind === 'gap') {
      this.#writer.config.manager?.connections.countGap()
      const id = group === undefined ? this.lastId : group.idAtCursors()
      const gap = group?.hasVectorIds ? { ...step.gap, channel: this.#channel.name } : step.gap
      return encoder.packet(formatGap(id !== undefined && isId(id) ? id : undefined, gap), 1)
    }
    this.close()
    return undefined
  }

  #loadPage(): void {
    this.loadPage().then(
      () => this.connection.onWritable(),
      (error: unknown) => {
        // The backplane still has the past: the client reconnects with its id, and has lost nothing.
        if (!this.#isOver) this.connection.fail(error)
      },
    )
  }

  /** Whether so much was held back that the client's last event id might soon be evicted from the log. */
  #isFarAhead({ sentPosition }: Membership): boolean {
    const { log, position } = this
    const unsent = position - sentPosition
    if (unsent === 0) return false
    return unsent * 2 >= log.limits.maxEvents || (log.oldest > 0 && unsent * 2 >= log.length)
  }
}
