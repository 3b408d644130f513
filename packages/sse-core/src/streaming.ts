import { SseChannel } from './channel.js'
import {
  ALONE,
  type ChannelSource,
  channelOf,
  isChannel,
  listenOptionsOf,
  peekCursor,
  takeCursor,
  warm,
} from './channel-source.js'
import type { SseConnection } from './connection.js'
import type { Cursor } from './cursor.js'
import { MergedSource, merge } from './merge.js'
import type { RespondOptions } from './options.js'
import { expectErrors, pull } from './puller.js'
import { runPull } from './pulling.js'
import { isPullSource, type PullSource, requireSource, type SourceFunction, type SseSource } from './source.js'
import { Subscription } from './subscription.js'

/** Takes a source, which may fail from now on, read or not. */
export function take(source: SseSource): void {
  if (isChannel(source)) return
  for (const part of partsOf(source)) expectErrors(part)
}

/**
 * Makes a source ready for its head: undefined if it is, else a promise of what to stream instead, of which nothing is missed
 * that this process broadcasts from now on.
 *
 * @throws {SseError} its channel is closed, or its broker is down
 */
export function prepare(source: SseSource, { rewind }: RespondOptions): Promise<SseSource> | undefined {
  const warming = warmAll(source)
  return warming && whenReady(warming, viewed(source, rewind))
}

async function whenReady(warming: Promise<unknown>, source: SseSource): Promise<SseSource> {
  // And again: one channel may go idle while another one warms.
  for (let next: Promise<unknown> | undefined = warming; next !== undefined; next = warmAll(source)) await next
  return source
}

/** Makes all logs ready: undefined if they are, else a promise. */
function warmAll(source: SseSource): Promise<unknown> | undefined {
  // As most are, and most are warm.
  if (isChannel(source)) return warm(source)
  const warming = partsOf(source).flatMap((part) => (isChannel(part) ? (warm(part) ?? []) : []))
  return warming.length === 0 ? undefined : Promise.all(warming)
}

/** The source with its channels as `listen()` has them, which keeps the places where they stand now. */
function viewed(source: SseSource, rewind: number | undefined): SseSource {
  if (source instanceof SseChannel) return source.listen({ rewind })
  if (!(source instanceof MergedSource)) return source
  return merge(...partsOf(source).map((part) => viewed(part, rewind) as PullSource))
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
    const cursor = peekCursor(connection, source, ALONE)
    return { isOver: cursor.isAtEnd, only: { source, cursor } }
  }
  const parts = partsOf(source)
  const isAlone = parts.length === 1
  const isOver =
    parts.length > 0 &&
    parts.every((part, index) => isChannel(part) && peekCursor(connection, part, { index, isAlone }).isAtEnd)
  return { isOver }
}

/** Streams a channel, and ends the stream when it ends. */
export function follow(connection: SseConnection, { source, cursor }: ChannelStart): void {
  const own = listenOptionsOf(source)
  if ((connection.options.filter ?? own.filter ?? own.signal) !== undefined) {
    Promise.all(runChannels(connection, [source])).then(
      () => connection.close('end'),
      (error: unknown) => connection.fail(error),
    )
    return
  }
  // A place that `listen()` has taken is given up by whoever reads on from it.
  const taken = source instanceof SseChannel ? cursor : takeCursor(connection, source, ALONE)
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
    ...parts.filter((part) => !isChannel(part)).map((part) => runPull(connection, part)),
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

/** What is merged, or the one thing that is not. */
function partsOf(source: SseSource): readonly PullSource[] {
  if (source instanceof MergedSource) return source.sources.flatMap(partsOf)
  return isPullSource(source) ? [source] : []
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
      cursor: takeCursor(connection, source, { index: place, isAlone }),
    }))
  connection.open()
  if (connection.closeReason !== undefined) return []
  const over = readers.map(({ source, place, cursor }) =>
    subscriptions.attach(place, channelOf(source), cursor, listenOptionsOf(source)),
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
  let ready: SseSource
  try {
    ready = (await prepare(result, connection.options)) ?? result
  } catch (error) {
    release(result, connection.config.report)
    throw error
  }
  if (connection.closeReason !== undefined) {
    release(ready, connection.config.report)
    return undefined
  }
  if (!connection.isOpen && startOf(connection, ready).isOver) return null
  return ready === null ? null : run(connection, ready)
}
