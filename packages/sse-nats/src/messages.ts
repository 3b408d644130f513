import { createHash } from 'node:crypto'
import { headers, type MsgHdrs } from '@nats-io/transport-node'
import { type LogEntry, SseError, type SseEvent } from '@ssekit/sse-core'

/**
 * Lets the server discard repeated publishes. It is also the part of an id that differs from messages of any other
 * stream.
 */
const MARK_HEADER = 'Nats-Msg-Id'
/** When an event was published, by its publisher's clock. Before 2.10 a republished message has no server time. */
const AT_HEADER = 'Ssekit-At'
/** The event's own id. It is a header because headers can be read without payloads. */
const ID_HEADER = 'Ssekit-Id'

/** Which sequence a subject's last message must have for this one to be stored. */
const EXPECTED_HEADER = 'Nats-Expected-Last-Subject-Sequence'

/** What a message takes here besides its own bytes, roughly. */
const ENTRY_BYTES = 512

const NOTHING = new Uint8Array()

const MARK = /^[A-Za-z0-9._-]{1,64}$/
const OWN_ID = /^[!-~]{1,128}$/

/** A message of the stream, however it was read. */
export interface StoredMessage {
  readonly sequence: number
  readonly headers: MsgHdrs | undefined
  readonly data: Uint8Array
  /** The server's time, in ms; undefined if the server did not send it. */
  readonly at: number | undefined
}

/** A message to publish. */
export interface OutgoingMessage {
  readonly payload: Uint8Array
  readonly headers: MsgHdrs
  /** The size of both, which the server's `max_payload` limits. */
  readonly bytes: number
  /** The size with what this process keeps besides until the message is answered. */
  readonly bufferedBytes: number
}

/**
 * An event as a message. The payload is its JSON without its own id, so that any program can publish one.
 *
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`: JSON cannot express it, or its id is invalid
 */
export function encodeEvent({ id, ...event }: SseEvent, mark: string): OutgoingMessage {
  if (id !== undefined && !OWN_ID.test(id)) {
    throw new SseError('ERR_SSE_INVALID_EVENT', `an id is 1 to 128 characters ! to ~, not ${JSON.stringify(id)}`)
  }
  return outgoing(encoded(event), { ...signature(mark), ...(id === undefined ? {} : { [ID_HEADER]: id }) })
}

/** A channel's end as a message, stored only if there is none yet. */
export function encodeEnd(mark: string): OutgoingMessage {
  return outgoing(NOTHING, { ...signature(mark), [EXPECTED_HEADER]: '0' })
}

/** A publish to the end's subject that is never stored, so that the server has to name the end that it has. */
export function endQuestion(): OutgoingMessage {
  return outgoing(NOTHING, { [EXPECTED_HEADER]: `${Number.MAX_SAFE_INTEGER}` })
}

/**
 * A message as an entry of its channel's log.
 *
 * @param isDated whether republished messages have the server's time. Only then is it used for messages that are read,
 * so that an entry has the same time however it arrived. Without it, a message of another program that names no time has
 * that of its arrival if it was heard, and the server's if it was read
 */
export function entryOf(message: StoredMessage, isEnd: boolean, isDated: boolean): LogEntry {
  const { headers, data } = message
  const said = timeIn(headers?.get(AT_HEADER))
  const at = (isDated ? (message.at ?? said) : (said ?? message.at)) ?? Date.now()
  const id = idOf(message)
  if (isEnd) return { id, at, end: true }
  const ownId = ownIdOf(headers)
  const event = decoded(data, ownId)
  return ownId === undefined ? { id, at, event } : { id, uniqueId: uniqueIdOf(message), at, event }
}

/** A time in ms since the epoch; undefined if a header is missing, or says something else. */
function timeIn(text: string | undefined): number | undefined {
  const time = Number(text)
  return Number.isSafeInteger(time) && time > 0 ? time : undefined
}

/** The id of a message's entry. */
function idOf(message: StoredMessage): string {
  return ownIdOf(message.headers) ?? uniqueIdOf(message)
}

/** The id that a message's entry has unless its publisher gave it one. */
export function uniqueIdOf(message: StoredMessage): string {
  return generatedId(message.sequence, markOf(message))
}

/** A generated id: the sequence locates the message, the mark tells it from one of a former stream. */
export function generatedId(sequence: number, mark: string): string {
  return `${sequence}-${mark}`
}

/** The id that the publisher gave the event, if any. */
export function ownIdOf(headers: MsgHdrs | undefined): string | undefined {
  const id = headers?.get(ID_HEADER) ?? ''
  return OWN_ID.test(id) ? id : undefined
}

/**
 * A header that the server has appended. The message may have one of that name before it, as one that was read from a
 * stream and published again has.
 */
export function serverHeader(headers: MsgHdrs | undefined, name: string): string {
  return headers?.last(name) ?? ''
}

/** Distinguishes a message from any with the same sequence in another epoch of the stream. */
export function markOf({ headers, data }: Pick<StoredMessage, 'headers' | 'data'>): string {
  const mark = headers?.get(MARK_HEADER) ?? ''
  return MARK.test(mark) ? mark : digestOf(data)
}

/** For a message of another program, which has no mark. */
function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url').slice(0, 12)
}

function signature(mark: string): Record<string, string> {
  return { [MARK_HEADER]: mark, [AT_HEADER]: `${Date.now()}` }
}

function outgoing(payload: Uint8Array, fields: Record<string, string>): OutgoingMessage {
  const result = headers()
  // The headers' first line and their empty last line.
  let bytes = payload.length + 12
  for (const [name, value] of Object.entries(fields)) {
    result.append(name, value)
    bytes += name.length + value.length + 4
  }
  return { payload, headers: result, bytes, bufferedBytes: bytes + ENTRY_BYTES }
}

function encoded(event: SseEvent): Uint8Array {
  try {
    return Buffer.from(JSON.stringify(event))
  } catch (cause) {
    throw new SseError('ERR_SSE_INVALID_EVENT', 'the event cannot be written as JSON', { cause })
  }
}

function decoded(data: Uint8Array, id: string | undefined): SseEvent {
  const { id: _, ...event } = parsed(data)
  return id === undefined ? event : { ...event, id }
}

function parsed(data: Uint8Array): SseEvent {
  try {
    const event: unknown = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString())
    // The channel checks the fields.
    if (typeof event === 'object' && event !== null && !Array.isArray(event)) return event
  } catch {
    // Handled below, like any other invalid payload.
  }
  // An event that cannot be sent, for which the channel reports a gap: something was there, and nobody can tell what.
  return {}
}
