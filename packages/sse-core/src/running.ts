import { SseChannel } from './channel.js'
import type { SseConnection } from './connection.js'
import type { Cursor } from './cursor.js'
import { ChannelListener, type ListenOptions } from './listener.js'
import { MergedSource } from './merge.js'
import {
  isPullSource,
  type PullSource,
  pull,
  pullEvents,
  requireSource,
  type SourceFunction,
  type SseSource,
} from './source.js'
import { SseStream } from './stream.js'
import { Pace, turn } from './turn.js'

/** Makes a source ready for its head; undefined if it is. @throws {SseError} its channel is closed, or its broker is down */
export function prepare(source: SseSource): Promise<void> | undefined {
  const warming = partsOf(source).flatMap((part) => (isChannel(part) ? (warm(part) ?? []) : []))
  if (warming.length === 0) return undefined
  // And again: one channel may go idle while another one warms.
  return Promise.all(warming).then(() => prepare(source))
}

function warm(source: ChannelSource): Promise<void> | undefined {
  return source instanceof SseChannel ? source.warm() : source.channel.warm()
}

/** Whether a source has nothing for this client and never will have: nothing at all, or channels that have ended. */
export function isOver(connection: SseConnection, source: SseSource): boolean {
  if (source === null) return true
  const parts = partsOf(source)
  return (
    parts.length > 0 &&
    parts.every((part, index) => isChannel(part) && cursorOf(connection, part, index, false).isAtEnd)
  )
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

function isPlainSource(source: PullSource): boolean {
  return !isChannel(source)
}

/** What is merged, or the one thing that is not. */
function partsOf(source: SseSource): readonly PullSource[] {
  if (source instanceof MergedSource) return source.sources.flatMap(partsOf)
  return isPullSource(source) ? [source] : []
}

/** Where a client starts to read a channel that is number `index` on its connection; `isTaken` if it then does. */
function cursorOf(connection: SseConnection, source: ChannelSource, index: number, isTaken: boolean): Cursor {
  if (source instanceof SseChannel) {
    return source.cursor({
      lastEventId: connection.subscriptions.lastEventIdFor(source, index),
      rewind: connection.rewind,
    })
  }
  const own: ListenOptions = source.options
  const lastEventId = own.lastEventId ?? connection.subscriptions.lastEventIdFor(source.channel, index)
  const rewind = own.rewind ?? connection.rewind
  // Who brings no id stands where `listen()` was called.
  if (lastEventId || rewind > 0) return source.channel.cursor({ lastEventId, rewind })
  return isTaken ? source.takeCursor() : source.peekCursor()
}

function runChannels(connection: SseConnection, sources: readonly ChannelSource[]): Promise<void>[] {
  if (sources.length === 0) return []
  const { subscriptions } = connection
  // All places first: ids are vectors from the first one on. And all cursors before the head, while errors still have an answer.
  const readers = sources
    .map((source) => ({ source, place: subscriptions.reserve() }))
    .map(({ source, place }) => ({ source, place, cursor: cursorOf(connection, source, place, true) }))
  connection.open()
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
  await prepare(result)
  if (connection.closeReason !== undefined) {
    release(result, connection.report)
    return undefined
  }
  if (!connection.isOpen && isOver(connection, result)) return null
  return result === null ? null : run(connection, result)
}

async function runPull(connection: SseConnection, source: PullSource): Promise<void> {
  if (source instanceof SseStream) source.bound(connection.maxBufferedBytes, () => connection.close('slow'))
  const puller = pullEvents(source)
  const forget = connection.onCancel(() => puller.cancel(connection.report))
  const pace = new Pace()
  try {
    let next = puller.next()
    await turnUnlessRejected(next)
    connection.open()
    for (let result = await next; !result.done && connection.closeReason === undefined; result = await next) {
      const { bytes } = connection.stats
      if (connection.accepts(result.value) && !(await connection.send(result.value))) return
      await pace.step(connection.stats.bytes - bytes)
      next = puller.next()
    }
  } finally {
    forget()
    puller.cancel(connection.report)
  }
}

/** One turn of the event loop, in which an error of the source can still become an error response. */
function turnUnlessRejected(first: Promise<unknown>): Promise<unknown> {
  const oneTurn = turn()
  return Promise.race([oneTurn, first.then(() => oneTurn)])
}
