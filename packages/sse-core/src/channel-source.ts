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
  return asked(connection, source, place) ?? (source instanceof SseChannel ? source.cursor({}) : source.peekCursor())
}

/** The same for who then reads on from there. */
export function takeCursor(connection: SseConnection, source: ChannelSource, place: Place): Cursor {
  return asked(connection, source, place) ?? (source instanceof SseChannel ? source.cursor({}) : source.takeCursor())
}

/** The place that is asked for; undefined if none is: the source then says where it begins. */
function asked(connection: SseConnection, source: ChannelSource, place: Place): Cursor | undefined {
  const channel = channelOf(source)
  const own = listenOptionsOf(source)
  const lastEventId = own.lastEventId ?? lastEventIdFor(connection, channel, place)
  const rewind = own.rewind ?? connection.options.rewind ?? 0
  return lastEventId || rewind > 0 ? channel.cursor({ lastEventId, rewind }) : undefined
}

function lastEventIdFor({ lastEventId }: SseConnection, channel: SseChannel, place: Place): string | undefined {
  return lastEventId === '' ? undefined : partOf(lastEventId, channel, place.index, place.isAlone)
}
