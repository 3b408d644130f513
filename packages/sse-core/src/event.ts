import { inspect } from 'node:util'
import { SseError } from './errors.js'

/**
 * One server-sent event. Every field is optional, but an event has at least one.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export interface SseEvent<T = unknown> {
  /** The event type that `addEventListener` listens for; without one it is a `message`. No CR, LF or NUL. */
  readonly event?: string | undefined
  /** The payload. A string is sent as it is, everything else as JSON; `''` is an empty payload, `undefined` none. */
  readonly data?: T | undefined
  /** What the client sends back as `Last-Event-ID`; `''` makes it forget the last one. No CR, LF or NUL. */
  readonly id?: string | undefined
  /** How long the client waits before it reconnects, in ms: a non-negative safe integer. */
  readonly retry?: number | undefined
  /** Text that clients ignore. */
  readonly comment?: string | undefined
}

/** The line endings that the standard allows. */
export type LineEnding = '\n' | '\r\n' | '\r'

/** Makes events: `SseEvent.data('text')`, `SseEvent.withEvent('order', order)`, `SseEvent.json(value, { id })`. */
export const SseEvent: {
  /** An unnamed event, which browsers dispatch as `message`. */
  data<T>(data: T): SseEvent<T> & { readonly event?: undefined; readonly data: T }
  /** An event of the given type. */
  withEvent<K extends string, T>(event: K, data: T): SseEvent<T> & { readonly event: K; readonly data: T }
  /**
   * An event whose data is the JSON of `value`, of strings too: `SseEvent.json('a')` carries `"a"` with its quotes.
   *
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: JSON cannot hold the value
   */
  json(value: unknown, fields?: Omit<SseEvent, 'data'>): SseEvent<string>
} = {
  data: (data) => ({ data }),
  withEvent: (event, data) => ({ event, data }),
  json: (value, fields) => ({ ...fields, data: toJson(value) }),
}

/**
 * The text of an event as it goes over the wire, with the blank line that dispatches it.
 *
 * @param eol the line ending; data and comments are split at CRLF, LF and CR whichever it is. Default `'\n'`.
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`, naming the field that cannot be written
 * @throws {RangeError} `eol` is no line ending
 */
export function formatEvent(event: SseEvent | string, eol: LineEnding = '\n'): string {
  requireLineEnding(eol)
  const fields = typeof event === 'string' ? { data: event } : event
  const body = bodyOf(fields)
  return withLineEnding(idLine(fields.id) + body, eol)
}

/** @throws {RangeError} the value is no line ending */
export function requireLineEnding(eol: LineEnding): void {
  if (eol !== '\n' && eol !== '\r\n' && eol !== '\r') {
    throw new RangeError(`eol must be '\\n', '\\r\\n' or '\\r', not ${JSON.stringify(eol)}`)
  }
}

/** Text whose only line ending is LF, with another one. */
export function withLineEnding(text: string, eol: LineEnding): string {
  return eol === '\n' ? text : text.replaceAll('\n', eol)
}

/** The line that carries an id; none for `undefined`. */
export function idLine(id: string | undefined): string {
  return id === undefined ? '' : `id: ${id}\n`
}

/** An event that can be written: a copy of its own, and its text but for the id, which often only the log knows. */
export interface CheckedEvent {
  readonly event: SseEvent
  readonly body: string
}

/** @throws {SseError} `ERR_SSE_INVALID_EVENT`, naming the field */
export function checkEvent(input: SseEvent | string): CheckedEvent {
  const event = typeof input === 'string' ? { data: input } : input
  const body = bodyOf(event)
  return { event: copyOf(event), body }
}

const bodies = new WeakMap<SseEvent, string>()

/** Keeps the text for when the same event is to be written again: when it comes back from a backplane, or out of a queue. */
export function rememberBody({ event, body }: CheckedEvent): void {
  bodies.set(event, body)
}

/** The text of an event but for its id, which is checked too. @throws {SseError} `ERR_SSE_INVALID_EVENT`, naming the field */
export function bodyOf(input: SseEvent): string {
  return bodies.get(input) ?? writeBody(input)
}

function writeBody(input: SseEvent): string {
  requireFields(input)
  const { event, data, id, retry, comment } = input
  let body = ''
  if (comment !== undefined) body += lines(': ', requireString('comment', comment))
  if (event !== undefined) body += `event: ${requireLine('event', event)}\n`
  if (retry !== undefined) body += `retry: ${requireRetry(retry)}\n`
  // JSON is one line.
  if (data !== undefined) body += typeof data === 'string' ? lines('data: ', data) : `data: ${toJson(data)}\n`
  if (id !== undefined) requireLine('id', id)
  return `${body}\n`
}

/** An event as it was when its text was made, whatever becomes of its data. */
export function snapshotOf(event: SseEvent, body: string): SseEvent {
  if (!isJson(event)) return event
  const snapshot = { ...event, data: readBody(body, true).data }
  rememberBody({ event: snapshot, body })
  return snapshot
}

/** Whether an event's data goes out as JSON: that of a string goes out as it is. */
export function isJson({ data }: SseEvent): boolean {
  return data !== undefined && typeof data !== 'string'
}

/** What the text of an event does not tell: which lines of its own ended with CR. Undefined if none did, as usual. */
export function unreadOf({ data, comment }: SseEvent): Pick<SseEvent, 'data' | 'comment'> | undefined {
  const isUnread = (text: unknown): boolean => typeof text === 'string' && text.includes('\r')
  if (!isUnread(data) && !isUnread(comment)) return undefined
  return { ...(isUnread(data) && { data }), ...(isUnread(comment) && { comment }) }
}

/** The event of a text that `bodyOf()` has made, but for what is unread. @param hasJson whether its data is JSON */
export function readBody(body: string, hasJson: boolean): SseEvent {
  const event: { -readonly [K in keyof SseEvent]: SseEvent[K] } = {}
  const data: string[] = []
  const comment: string[] = []
  for (const line of body.split('\n')) {
    if (line === '') break
    const end = line.indexOf(': ')
    const field = line.slice(0, end)
    const value = line.slice(end + 2)
    if (field === 'data') data.push(value)
    else if (field === '') comment.push(value)
    else if (field === 'event') event.event = value
    else if (field === 'retry') event.retry = Number(value)
  }
  if (data.length > 0) event.data = hasJson ? JSON.parse(data.join()) : data.join('\n')
  if (comment.length > 0) event.comment = comment.join('\n')
  return event
}

/** What nobody can change any more, and holds nothing but fields that are set. */
function copyOf({ event, data, id, retry, comment }: SseEvent): SseEvent {
  const copy: { -readonly [K in keyof SseEvent]: SseEvent[K] } = {}
  if (event !== undefined) copy.event = event
  if (data !== undefined) copy.data = data
  if (id !== undefined) copy.id = id
  if (retry !== undefined) copy.retry = retry
  if (comment !== undefined) copy.comment = comment
  return Object.freeze(copy)
}

/** Whether a value is what an object literal makes: those are events, everything else that a source yields is data. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of another realm (a vm context, a test runner's sandbox) have an `Object.prototype` of their own.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/** How the text of an error shows a value. */
const BRIEF = { depth: 0, maxArrayLength: 3, maxStringLength: 80 }

function requireFields(event: SseEvent): void {
  if (typeof event !== 'object' || event === null) {
    throw invalid(`an event is an object or a string, not ${event === null ? 'null' : typeof event}`)
  }
  // What one can iterate over is as easily mistaken for an event as it is for data.
  if (Array.isArray(event) || ArrayBuffer.isView(event)) {
    throw invalid(`an event is a string or a plain object; send ${inspect(event, BRIEF)} as { data: … }`)
  }
  let isEmpty = true
  // Not `Object.keys`, which makes an array for each event.
  for (const key in event) {
    if (isField(key)) {
      if (event[key] !== undefined) isEmpty = false
    } else if (Object.hasOwn(event, key)) {
      throw invalid(
        `unknown field ${JSON.stringify(key)}: an event has event, data, id, retry, comment; send an object as { data: object }`,
      )
    }
  }
  if (isEmpty) throw invalid('an event needs at least one of event, data, id, retry, comment')
}

function isField(key: string): key is keyof SseEvent {
  return key === 'data' || key === 'event' || key === 'id' || key === 'retry' || key === 'comment'
}

function requireString(field: string, value: unknown): string {
  if (typeof value !== 'string')
    throw invalid(`${field} must be a string, not ${value === null ? 'null' : typeof value}`)
  return value
}

function requireLine(field: string, value: unknown): string {
  const text = requireString(field, value)
  // Three searches, of which each is faster than a regular expression that looks for all.
  if (text.includes('\n') || text.includes('\r') || text.includes('\0'))
    throw invalid(`${field} must not contain CR, LF or NUL: ${JSON.stringify(text.slice(0, 80))}`)
  return text
}

function requireRetry(retry: unknown): number {
  if (typeof retry !== 'number' || !Number.isSafeInteger(retry) || retry < 0) {
    throw invalid(`retry must be a non-negative integer of milliseconds, not ${inspect(retry, BRIEF)}`)
  }
  return retry
}

function toJson(data: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(data)
  } catch (cause) {
    throw invalid(`data cannot be written as JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (json === undefined) throw invalid(`data cannot be written as JSON: it is a ${typeof data}`)
  return json
}

function lines(prefix: string, text: string): string {
  // Most data is one line of JSON, which needs no regular expression.
  if (!text.includes('\n') && !text.includes('\r')) return `${prefix}${text}\n`
  return `${prefix}${text.replace(/\r\n|\r|\n/g, `\n${prefix}`)}\n`
}

function invalid(message: string, cause?: unknown): SseError {
  return new SseError('ERR_SSE_INVALID_EVENT', message, cause === undefined ? undefined : { cause })
}
