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
import type { ErrorListener } from './report.js'
import { isPullSource, type PullSource, requireSource, type SourceFunction, type SseSource } from './source.js'
import { Subscription } from './subscription.js'

/** Takes over a source: from now on it may fail without ending the process, whether it is read or not. */
export function take(source: SseSource): void {
  if (isChannel(source)) return
  for (const part of partsOf(source)) expectErrors(part)
}

/**
 * Makes a source ready for the response headers. Returns undefined if it is ready, otherwise a promise of the source to
 * stream instead, which misses nothing that this process broadcasts from now on.
 *
 * @throws {SseError} its channel is closed, or its broker is down
 */
export function prepare(source: SseSource, { rewind }: RespondOptions): Promise<SseSource> | undefined {
  const warming = warmAll(source)
  return warming && whenReady(warming, viewed(source, rewind))
}

async function whenReady(warming: Promise<unknown>, source: SseSource): Promise<SseSource> {
  await warming
  // Repeated, since one channel may go idle while another one warms.
  while (!hasClosedChannel(source)) {
    const next = warmAll(source)
    if (next === undefined) break
    await next
  }
  return source
}

/**
 * Whether a channel of a source was closed while it was waited for. Then the whole stream ends, even one of several
 * channels, and the client reconnects.
 */
export function hasClosedChannel(source: SseSource): boolean {
  return partsOf(source).some((part) => isChannel(part) && channelOf(part).wasClosed)
}

/** Makes all logs ready: undefined if they are, else a promise. */
function warmAll(source: SseSource): Promise<unknown> | undefined {
  // The usual case: one channel, whose log is warm.
  if (isChannel(source)) return warm(source)
  const warming = partsOf(source).flatMap((part) => (isChannel(part) ? (warm(part) ?? []) : []))
  return warming.length === 0 ? undefined : Promise.all(warming)
}

/** The source with its channels replaced by `listen()` views, which keep the present positions. */
function viewed(source: SseSource, rewind: number | undefined): SseSource {
  if (source instanceof SseChannel) return source.listen({ rewind })
  if (!(source instanceof MergedSource)) return source
  return merge(...partsOf(source).map((part) => viewed(part, rewind) as PullSource))
}

/** How a source that is ready begins. */
export interface Start {
  /** Whether it has nothing for this client and never will: it is `null`, or all its channels have ended. */
  readonly isOver: boolean
  /** The channel and the client's position in it, if that is the whole source. */
  readonly only?: ChannelStart
}

interface ChannelStart {
  readonly source: ChannelSource
  readonly cursor: Cursor
}

/** @throws {SseError} its channel has been closed since */
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

/** Streams a channel, and ends the stream when the channel ends. */
export function follow(connection: SseConnection, { source, cursor }: ChannelStart): void {
  const own = listenOptionsOf(source)
  if ((connection.options.filter ?? own.filter ?? own.signal) !== undefined) {
    Promise.all(runChannels(connection, [source])).then(
      () => connection.close('end'),
      (error: unknown) => connection.fail(error),
    )
    return
  }
  // The first reader takes the place that `listen()` has kept, so that later readers do not start there too.
  const taken = source instanceof SseChannel ? cursor : takeCursor(connection, source, ALONE)
  connection.open()
  if (connection.closeReason !== undefined) return
  const subscription = new Subscription(connection, channelOf(source), taken)
  connection.reading = subscription
  subscription.begin()
  // A 'subscribe' listener may have subscribed this connection to more channels.
  if (connection.reading === subscription) subscription.start()
  else connection.subscriptions.start(0)
}

/** Streams a source that is ready. Resolves when it is over: to null if a function had nothing to stream. */
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

/** Cancels a source that will not be read. */
export function release(source: SseSource, report: ErrorListener): void {
  for (const part of partsOf(source)) {
    try {
      if (!isChannel(part)) pull(part).cancel(report)
    } catch (error) {
      // For example, it already has a consumer.
      report(error)
    }
  }
}

/** The parts of a merged source, or the source itself; none for a function or null. */
function partsOf(source: SseSource): readonly PullSource[] {
  if (source instanceof MergedSource) return source.sources.flatMap(partsOf)
  return isPullSource(source) ? [source] : []
}

/** Whether a source reads nothing but channels. */
export function isOnlyChannels(source: SseSource): boolean {
  const parts = partsOf(source)
  return parts.length > 0 && parts.every(isChannel)
}

function runChannels(connection: SseConnection, sources: readonly ChannelSource[]): Promise<void>[] {
  if (sources.length === 0) return []
  const { subscriptions } = connection
  const isAlone = sources.length === 1
  // All parts first, since ids are vectors from the first event on. And all cursors before the headers are sent, while
  // an error can still become an error response.
  const readers = sources
    .map((source) => ({ source, index: subscriptions.reserve() }))
    .map(({ source, index }) => ({ source, index, cursor: takeCursor(connection, source, { index, isAlone }) }))
  connection.open()
  if (connection.closeReason !== undefined) return []
  const over = readers.map(({ source, index, cursor }) =>
    subscriptions.attach(index, channelOf(source), cursor, listenOptionsOf(source)),
  )
  subscriptions.start(0)
  return over
}

async function runFunction(connection: SseConnection, source: SourceFunction): Promise<null | undefined> {
  const returned = source(connection)
  const result = await returned
  // A boolean is what `send()` resolves to, not a source.
  if (result === undefined || typeof result === 'boolean') {
    // A function that returned at once lasts as long as its subscriptions.
    if (returned === undefined) await connection.subscriptions.over()
    else reportForgotten(connection)
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
  if (connection.closeReason !== undefined || hasClosedChannel(ready)) {
    release(ready, connection.config.report)
    return undefined
  }
  if (!connection.isOpen && startOf(connection, ready).isOver) return null
  return ready === null ? null : run(connection, ready)
}

/** Reports a stream that ends with its function by mistake: its clients would reconnect again and again, unexplained. */
function reportForgotten(connection: SseConnection): void {
  if (connection.closeReason !== undefined || !connection.subscriptions.isForgotten) return
  const advice = 'await subscribe(), or return the channel'
  connection.config.report(new Error(`the stream ends with its function, which awaits no subscription: ${advice}`))
}
