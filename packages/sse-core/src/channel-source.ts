import { SseChannel } from './channel.js'
import type { SseConnection } from './connection.js'
import type { Cursor } from './cursor.js'
import { ChannelListener, type ListenOptions } from './listener.js'
import { partOf } from './vector-id.js'

/** A channel as a source: itself, or a view of it that `listen()` has returned. */
export type ChannelSource = SseChannel | ChannelListener

export function isChannel(source: unknown): source is ChannelSource {
  return source instanceof SseChannel || source instanceof ChannelListener
}

export function channelOf(source: ChannelSource): SseChannel {
  return source instanceof SseChannel ? source : source.channel
}

const NO_OPTIONS: ListenOptions = Object.freeze({})

/** What is asked of the channel itself, beside what the response asks for. */
export function listenOptionsOf(source: ChannelSource): ListenOptions {
  return source instanceof SseChannel ? NO_OPTIONS : source.options
}

/** Makes the log ready: undefined if it is, else a promise. @throws {SseError} the channel is closed, or its broker is down */
export function warm(source: ChannelSource): Promise<void> | undefined {
  return channelOf(source).warm()
}

/** A channel's place among those of its connection. */
export interface Place {
  readonly index: number
  readonly isAlone: boolean
}

export const ALONE: Place = Object.freeze({ index: 0, isAlone: true })

/** Where a client starts to read a channel that is warm, for who looks. @throws {SseError} the channel is closed by now */
export function peekCursor(connection: SseConnection, source: ChannelSource, place: Place): Cursor {
  return cursorOf(connection, source, place, (view) => view.peekCursor())
}

/** The same for who then reads on from there. */
export function takeCursor(connection: SseConnection, source: ChannelSource, place: Place): Cursor {
  return cursorOf(connection, source, place, (view) => view.takeCursor())
}

function cursorOf(
  connection: SseConnection,
  source: ChannelSource,
  place: Place,
  ownCursor: (view: ChannelListener) => Cursor,
): Cursor {
  const channel = channelOf(source)
  const own = listenOptionsOf(source)
  const lastEventId = own.lastEventId ?? lastEventIdFor(connection, channel, place)
  const rewind = connection.options.rewind ?? 0
  if (lastEventId || source instanceof SseChannel) return channel.cursor({ lastEventId, rewind })
  // Who brings no id stands where `listen()` was called, rewound as that says.
  const cursor = ownCursor(source)
  if (own.rewind !== undefined || rewind === 0) return cursor
  // The response says it instead: of what came since then nothing is lost for that.
  const rewound = channel.cursor({ rewind })
  return rewound.position < cursor.position ? rewound : cursor
}

function lastEventIdFor({ lastEventId }: SseConnection, channel: SseChannel, place: Place): string | undefined {
  return lastEventId === '' ? undefined : partOf(lastEventId, channel, place.index, place.isAlone)
}
