import { SseChannel } from './channel.js'
import type { SseConnection } from './connection.js'
import type { Cursor } from './cursor.js'
import { ChannelListener, type ListenOptions } from './listener.js'
import { MergedSource } from './merge.js'
import type { Packet } from './packet.js'
import {
  type EventPuller,
  expectErrors,
  isPullSource,
  type PullSource,
  pull,
  pullEvents,
  requireSource,
  type SourceFunction,
  type SseSource,
} from './source.js'
import { SseStream } from './stream.js'
import { Subscription } from './subscription.js'
import { Pace, turn } from './turn.js'
import { partOf } from './vector-id.js'

/** Takes a source, which may fail from now on, read or not. */
export function take(source: SseSource): void {
  if (isChannel(source)) return
  for (const part of partsOf(source)) expectErrors(part)
}

/** Makes a source ready for its head; undefined if it is. @throws {SseError} its channel is closed, or its broker is down */
export function prepare(source: SseSource): Promise<void> | undefined {
  // As most are, and most are warm.
  if (isChannel(source)) return warm(source)?.then(() => prepare(source))
  const warming = partsOf(source).flatMap((part) => (isChannel(part) ? (warm(part) ?? []) : []))
  if (warming.length === 0) return undefined
  // And again: one channel may go idle while another one warms.
  return Promise.all(warming).then(() => prepare(source))
}

function warm(source: ChannelSource): Promise<void> | undefined {
  return source instanceof SseChannel ? source.warm() : source.channel.warm()
}

/** How a source that is ready begins. */
export interface Start {
  /** Whether it has nothing for this client and never will have: nothing at all, or channels that have ended. */
  readonly isOver: boolean
  /** The channel that it is, and where the client stands in it; undefined for all else. */
  readonly only?: ChannelStart
}

interface ChannelStart {
  readonly source: ChannelSource
  readonly cursor: Cursor
}

/** @throws {SseError} its channel is closed by now */
export function startOf(connection: SseConnection, source: SseSource): Start {
  if (source === null) return { isOver: true }
  if (isChannel(source)) {
    const cursor = cursorOf(connection, source, ALONE, false)
    return { isOver: cursor.isAtEnd, only: { source, cursor } }
  }
  const parts = partsOf(source)
  const isAlone = parts.length === 1
  const isOver =
    parts.length > 0 &&
    parts.every((part, index) => isChannel(part) && cursorOf(connection, part, { index, isAlone }, false).isAtEnd)
  return { isOver }
}

/** Streams a channel, and ends the stream when it ends. */
export function follow(connection: SseConnection, { source, cursor }: ChannelStart): void {
  const own: ListenOptions = source instanceof SseChannel ? {} : source.options
  if ((connection.options.filter ?? own.filter ?? own.signal) !== undefined) {
    Promise.all(runChannels(connection, [source])).then(
      () => connection.close('end'),
      (error: unknown) => connection.fail(error),
    )
    return
  }
  // A place that `listen()` has taken is given up by whoever reads on from it.
  const taken = source instanceof SseChannel ? cursor : cursorOf(connection, source, ALONE, true)
  connection.open()
  if (connection.closeReason !== undefined) return
  const subscription = new Subscription(connection, channelOf(source), taken)
  connection.reading = subscription
  subscription.begin()
  // Who listens for subscribers may have subscribed this one to more.
  if (connection.reading === subscription) subscription.start()
  else connection.subscriptions.start(0)
}

/** Streams a source that is ready. Resolves when it is over, to null if a function turned out to have nothing. */
export async function run(connection: SseConnection, source: SseSource): Promise<null | undefined> {
  if (typeof source === 'function') return runFunction(connection, source)
  const parts = partsOf(source as PullSource)
  const over = [
    ...runChannels(connection, parts.filter(isChannel)),
    ...parts.filter(isPlainSource).map((part) => runPull(connection, part)),
  ]
  await Promise.all(over)
  return undefined
}

/** Lets go of a source that will not be read. */
export function release(source: SseSource, report: (error: unknown) => void): void {
  for (const part of partsOf(source)) {
    try {
      if (!isChannel(part)) pull(part).cancel(report)
    } catch (error) {
      // One that has a consumer already, say.
      report(error)
    }
  }
}

type ChannelSource = SseChannel | ChannelListener

function isChannel(source: unknown): source is ChannelSource {
  return source instanceof SseChannel || source instanceof ChannelListener
}

function channelOf(source: ChannelSource): SseChannel {
  return source instanceof SseChannel ? source : source.channel
}

function isPlainSource(source: PullSource): boolean {
  return !isChannel(source)
}

/** What is merged, or the one thing that is not. */
function partsOf(source: SseSource): readonly PullSource[] {
  if (source instanceof MergedSource) return source.sources.flatMap(partsOf)
  return isPullSource(source) ? [source] : []
}

/** A channel's place on its connection. */
interface Place {
  readonly index: number
  readonly isAlone: boolean
}

const ALONE: Place = { index: 0, isAlone: true }

/** Where a client starts to read a channel; `isTaken` if it then does. */
function cursorOf(connection: SseConnection, source: ChannelSource, place: Place, isTaken: boolean): Cursor {
  if (source instanceof SseChannel) {
    return source.cursor({
      lastEventId: lastEventIdFor(connection, source, place),
      rewind: connection.options.rewind,
    })
  }
  const own: ListenOptions = source.options
  const lastEventId = own.lastEventId ?? lastEventIdFor(connection, source.channel, place)
  const rewind = own.rewind ?? connection.options.rewind ?? 0
  // Who brings no id stands where `listen()` was called.
  if (lastEventId || rewind > 0) return source.channel.cursor({ lastEventId, rewind })
  return isTaken ? source.takeCursor() : source.peekCursor()
}

function lastEventIdFor({ lastEventId }: SseConnection, channel: SseChannel, place: Place): string | undefined {
  return lastEventId === '' ? undefined : partOf(lastEventId, channel, place.index, place.isAlone)
}

function runChannels(connection: SseConnection, sources: readonly ChannelSource[]): Promise<void>[] {
  if (sources.length === 0) return []
  const { subscriptions } = connection
  const isAlone = sources.length === 1
  // All places first: ids are vectors from the first one on. And all cursors before the head, while errors still have an answer.
  const readers = sources
    .map((source) => ({ source, place: subscriptions.reserve() }))
    .map(({ source, place }) => ({
      source,
      place,
      cursor: cursorOf(connection, source, { index: place, isAlone }, true),
    }))
  connection.open()
  if (connection.closeReason !== undefined) return []
  const over = readers.map(({ source, place, cursor }) =>
    source instanceof SseChannel
      ? subscriptions.attach(place, source, cursor, {})
      : subscriptions.attach(place, source.channel, cursor, source.options),
  )
  subscriptions.start(0)
  return over
}

async function runFunction(connection: SseConnection, source: SourceFunction): Promise<null | undefined> {
  const returned = source(connection)
  const result = await returned
  // What `send()` resolves to is no source.
  if (result === undefined || typeof result === 'boolean') {
    // What returned at once and has subscribed lasts as long as its subscriptions.
    if (returned === undefined) await connection.subscriptions.over()
    return undefined
  }
  requireSource(result)
  take(result)
  try {
    await prepare(result)
  } catch (error) {
    release(result, connection.terms.report)
    throw error
  }
  if (connection.closeReason !== undefined) {
    release(result, connection.terms.report)
    return undefined
  }
  if (!connection.isOpen && startOf(connection, result).isOver) return null
  return result === null ? null : run(connection, result)
}

async function runPull(connection: SseConnection, source: PullSource): Promise<void> {
  if (connection.closeReason !== undefined) {
    release(source, connection.terms.report)
    return
  }
  if (source instanceof SseStream)
    source.bound(connection.terms.settings.maxBufferedBytes, () => connection.close('slow'))
  const puller = pullEvents(source)
  const forget = connection.belongings.onCancel(() => puller.cancel(connection.terms.report))
  const pace = new Pace()
  try {
    let next = pullPacket(connection, puller)
    await turnUnlessRejected(next)
    connection.open()
    for (let result = await next; !result.isDone && connection.closeReason === undefined; result = await next) {
      const { packet } = result
      if (packet !== undefined && !(await connection.sendPacket(packet))) return
      await pace.step(packet?.size ?? 0)
      next = pullPacket(connection, puller)
    }
  } finally {
    forget()
    puller.cancel(connection.terms.report)
  }
}

interface Pulled {
  readonly isDone: boolean
  /** Undefined for an event that a filter let pass by. */
  readonly packet?: Packet
}

/** The next event as it goes out: what cannot be written is an error of the source, and of the first an error response. */
async function pullPacket(connection: SseConnection, puller: EventPuller): Promise<Pulled> {
  const { done, value } = await puller.next()
  if (done || connection.closeReason !== undefined) return { isDone: true }
  if (!connection.accepts(value)) return { isDone: false }
  return { isDone: false, packet: connection.terms.encoder.event(value) }
}

/** One turn of the event loop, in which an error of the source can still become an error response. */
function turnUnlessRejected(first: Promise<unknown>): Promise<unknown> {
  const oneTurn = turn()
  return Promise.race([oneTurn, first.then(() => oneTurn)])
}
