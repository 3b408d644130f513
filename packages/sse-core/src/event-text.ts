import type { LineEnding, SseEvent } from './event.js'
import { requireFields, requireLine, requireRetry, requireString, toJson } from './event-fields.js'

/**
 * Returns the text of an event.
 *
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`, naming the field
 */
export function textOf(input: SseEvent | string): string {
  const event = eventOf(input)
  const known = bodies.get(event)
  if (known !== undefined) return idLine(event.id) + known
  const fields = fieldsOf(event)
  // It checks the id too.
  const body = writeBody(fields)
  return idLine(fields.id) + body
}

/**
 * Returns the text of an event without its id, which is checked too.
 *
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`, naming the field
 */
export function bodyOf(input: SseEvent): string {
  return bodies.get(input) ?? writeBody(fieldsOf(input))
}

/** A text alone is the data of an unnamed event. */
function eventOf(input: SseEvent | string): SseEvent {
  return typeof input === 'string' ? { data: input } : input
}

/** Copies the fields: a getter, or a `toJSON()` of the data, might return or change something else once they are checked. */
function fieldsOf(input: SseEvent): SseEvent {
  requireFields(input)
  const { event, data, id, retry, comment } = input
  return { event, data, id, retry, comment }
}

function writeBody({ event, data, id, retry, comment }: SseEvent): string {
  let body = ''
  if (comment !== undefined) body += lines(': ', requireString('comment', comment))
  if (event !== undefined) body += `event: ${requireLine('event', event)}\n`
  if (retry !== undefined) body += `retry: ${requireRetry(retry)}\n`
  // JSON has no line breaks.
  if (data !== undefined) body += typeof data === 'string' ? lines('data: ', data) : `data: ${toJson(data)}\n`
  if (id !== undefined) requireLine('id', id)
  return `${body}\n`
}

/** Returns the line that carries an id; `''` for `undefined`. */
export function idLine(id: string | undefined): string {
  return id === undefined ? '' : `id: ${id}\n`
}

/** Replaces the line endings of a text, which are all LF. */
export function withLineEnding(text: string, eol: LineEnding): string {
  return eol === '\n' ? text : text.replaceAll('\n', eol)
}

const bodies = new WeakMap<SseEvent, string>()

/** Keeps the text for when the same event object is written: when a backplane delivers it, or it leaves a queue. */
export function rememberBody({ event, body }: CheckedEvent): void {
  bodies.set(event, body)
}

/** An event that can be written: a copy, and its text without the id, which often only the log knows. */
export interface CheckedEvent {
  readonly event: SseEvent
  readonly body: string
}

/** Checks an event and copies it. @throws {SseError} `ERR_SSE_INVALID_EVENT`, naming the field */
export function checkEvent(input: SseEvent | string): CheckedEvent {
  const given = eventOf(input)
  const body = bodies.get(given)
  if (body === undefined) requireFields(given)
  const event = copyOf(given)
  return { event, body: body ?? writeBody(event) }
}

/** Returns a frozen copy with only the fields that are set. */
function copyOf({ event, data, id, retry, comment }: SseEvent): SseEvent {
  const copy: { -readonly [K in keyof SseEvent]: SseEvent[K] } = {}
  if (event !== undefined) copy.event = event
  if (data !== undefined) copy.data = data
  if (id !== undefined) copy.id = id
  if (retry !== undefined) copy.retry = retry
  if (comment !== undefined) copy.comment = comment
  return Object.freeze(copy)
}

function lines(prefix: string, text: string): string {
  // Most data is one line of JSON, which needs no regular expression.
  if (!text.includes('\n') && !text.includes('\r')) return `${prefix}${text}\n`
  return `${prefix}${text.replace(/\r\n|\r|\n/g, `\n${prefix}`)}\n`
}
