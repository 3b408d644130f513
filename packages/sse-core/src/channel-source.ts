import { SseChannel } from './channel.js'
import type { SseConnection } from './connection.js'
import type { Cursor } from './cursor.js'
import { ChannelListener, type ListenOptions } from './listener.js'
import { requireOurs } from './package-copy.js'
import { shown } from './shown.js'
import { partOf } from './vector-id.js'

/** A channel as a source: the channel itself, or a view of it that `listen()` returned. */
export type ChannelSource = SseChannel | ChannelListener

export function isChannel(source: unknown): source is ChannelSource {
  return source instanceof SseChannel || source instanceof ChannelListener
}

/** @throws {TypeError} it is not a channel, but perhaps what its `listen()` returns, or one of another copy */
export function requireChannel(channel: unknown): void {
  if (channel instanceof SseChannel) return
  if (typeof channel === 'object' && channel !== null) requireOurs(channel)
  throw new TypeError(`subscribe takes a channel, and a filter as an option, not ${shown(channel)}`)
}

export function channelOf(source: ChannelSource): SseChannel {
  return source instanceof SseChannel ? source : source.channel
}

const NO_OPTIONS: ListenOptions = Object.freeze({})

/** Returns the options of `listen()`, which apply in addition to those of the response. */
export function listenOptionsOf(source: ChannelSource): ListenOptions {
  return source instanceof SseChannel ? NO_OPTIONS : source.options
}

/**
 * Makes the log ready to be read: returns undefined if it is, else a promise.
 *
 * @throws {SseError} the channel is closed, or its broker is down
 */
export function warm(source: ChannelSource): Promise<void> | undefined {
  return channelOf(source).warm()
}

/** Which of the channels of its connection a channel is. */
export interface ChannelIndex {
  readonly index: number
  /** Whether there is no other. */
  readonly isAlone: boolean
}

export const ALONE: ChannelIndex = Object.freeze({ index: 0, isAlone: true })

/**
 * Returns where a client starts to read a warm channel, and leaves the place that `listen()` has taken for
 * `takeCursor()`.
 *
 * @throws {SseError} the channel was closed in the meantime
 */
export function peekCursor(connection: SseConnection, source: ChannelSource, which: ChannelIndex): Cursor {
  return cursorOf(connection, source, which, (view) => view.peekCursor())
}

/** Returns the same, for a reader that starts there: later ones start as fresh readers. */
export function takeCursor(connection: SseConnection, source: ChannelSource, which: ChannelIndex): Cursor {
  return cursorOf(connection, source, which, (view) => view.takeCursor())
}

function cursorOf(
  connection: SseConnection,
  source: ChannelSource,
  which: ChannelIndex,
  ownCursor: (view: ChannelListener) => Cursor,
): Cursor {
  const channel = channelOf(source)
  const own = listenOptionsOf(source)
  const lastEventId = own.lastEventId ?? lastEventIdFor(connection, channel, which)
  const rewind = connection.options.rewind ?? 0
  if (lastEventId || source instanceof SseChannel) return channel.cursor({ lastEventId, rewind })
  // A client without an id starts where `listen()` was called, rewound by the option of that call.
  const cursor = ownCursor(source)
  if (own.rewind !== undefined || rewind === 0) return cursor
  // Only the response asks to rewind. That must not skip events broadcast since `listen()` was called.
  const rewound = channel.cursor({ rewind })
  return rewound.position < cursor.position ? rewound : cursor
}

function lastEventIdFor({ lastEventId }: SseConnection, channel: SseChannel, which: ChannelIndex): string | undefined {
  return lastEventId === '' ? undefined : partOf(lastEventId, channel, which.index, which.isAlone)
}
