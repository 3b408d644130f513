import { createHash } from 'node:crypto'
import { headers, type MsgHdrs } from '@nats-io/transport-node'
import { type LogEntry, SseError, type SseEvent } from '@ssekit/sse-core'

/** What removes duplicates of a publish that is sent again, and the part of an id that no other stream's message has. */
const MARK_HEADER = 'Nats-Msg-Id'
/** When an event was published, by its publisher's clock: the copy that is heard has no time of the server's before 2.10. */
const AT_HEADER = 'Ssekit-At'
/** The event's own id, in a header since headers can be read without the event. */
const ID_HEADER = 'Ssekit-Id'

/** Which sequence a subject's last message must have, or nothing is stored. */
const EXPECTED_HEADER = 'Nats-Expected-Last-Subject-Sequence'

const NOTHING = new Uint8Array()

const MARK = /^[A-Za-z0-9._-]{1,64}$/
const OWN_ID = /^[!-~]{1,128}$/

/** A message of the stream, however it was read. */
export interface StoredMessage {
  readonly sequence: number
  readonly headers: MsgHdrs | undefined
  readonly data: Uint8Array
  /** The server's time, in ms; undefined where the server does not say. */
  readonly at: number | undefined
}

/** What is published. */
export interface OutgoingMessage {
  readonly payload: Uint8Array
  readonly headers: MsgHdrs
  /** How many bytes both are: what a server's `max_payload` is about. */
  readonly bytes: number
}

/**
 * An event as a message: its JSON, so that any program can publish one, but for its own id.
 *
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`: JSON cannot hold it, or its id cannot be one
 */
export function encodeEvent({ id, ...event }: SseEvent, mark: string): OutgoingMessage {
  if (id !== undefined && !OWN_ID.test(id)) {
    throw new SseError('ERR_SSE_INVALID_EVENT', `an id is 1 to 128 characters ! to ~, not ${JSON.stringify(id)}`)
  }
  return outgoing(encoded(event), { ...signature(mark), ...(id === undefined ? {} : { [ID_HEADER]: id }) })
}

/** A channel's end as a message, which is only stored if there is none yet. */
export function encodeEnd(mark: string): OutgoingMessage {
  return outgoing(NOTHING, { ...signature(mark), [EXPECTED_HEADER]: '0' })
}

/** What is never stored as a channel's end, so that the server has to say which one it has. */
export function endQuestion(): OutgoingMessage {
  return outgoing(NOTHING, { [EXPECTED_HEADER]: `${Number.MAX_SAFE_INTEGER}` })
}

/**
 * A message as an entry of its channel's log.
 *
 * @param isDated whether copies that are heard have the server's time: only then is it taken from what is read, since an entry has
 * to have the same time however it came
 */
export function entryOf(message: StoredMessage, isEnd: boolean, isDated: boolean): LogEntry {
  const { headers, data } = message
  const said = Number(headers?.get(AT_HEADER)) || undefined
  const at = (isDated ? (message.at ?? said) : (said ?? message.at)) ?? Date.now()
  const id = idOf(message)
  if (isEnd) return { id, at, end: true }
  return { id, at, event: decoded(data, ownIdOf(headers)) }
}

/** The id of the entry that a message is. */
export function idOf({ sequence, headers, data }: StoredMessage): string {
  return ownIdOf(headers) ?? generatedId(sequence, markOf({ headers, data }))
}

/** The id that the log gives: the sequence finds the message, the mark tells it from one of a former stream. */
export function generatedId(sequence: number, mark: string): string {
  return `${sequence}-${mark}`
}

/** The id that an event's publisher gave it, if it did. */
export function ownIdOf(headers: MsgHdrs | undefined): string | undefined {
  const id = headers?.get(ID_HEADER) ?? ''
  return OWN_ID.test(id) ? id : undefined
}

/** What tells a message from any that another life of the stream has under the same sequence. */
export function markOf({ headers, data }: Pick<StoredMessage, 'headers' | 'data'>): string {
  const mark = headers?.get(MARK_HEADER) ?? ''
  return MARK.test(mark) ? mark : digestOf(data)
}

/** For what another program has published, without a mark. */
function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url').slice(0, 12)
}

function signature(mark: string): Record<string, string> {
  return { [MARK_HEADER]: mark, [AT_HEADER]: `${Date.now()}` }
}

function outgoing(payload: Uint8Array, fields: Record<string, string>): OutgoingMessage {
  const result = headers()
  // A first line and an empty one.
  let bytes = payload.length + 12
  for (const [name, value] of Object.entries(fields)) {
    result.append(name, value)
    bytes += name.length + value.length + 4
  }
  return { payload, headers: result, bytes }
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
    // Whether its fields are right is for the channel to say.
    if (typeof event === 'object' && event !== null && !Array.isArray(event)) return event
  } catch {
    // As with any other nonsense.
  }
  // Nothing that can be sent, of which the channel makes a gap: there was something, and nobody can say what.
  return {}
}
