import type { LineEnding, SseEvent } from './event.js'
import { requireFields, requireLine, requireRetry, requireString, toJson } from './event-fields.js'

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

/** The line that carries an id; none for `undefined`. */
export function idLine(id: string | undefined): string {
  return id === undefined ? '' : `id: ${id}\n`
}

/** Text whose only line ending is LF, with another one. */
export function withLineEnding(text: string, eol: LineEnding): string {
  return eol === '\n' ? text : text.replaceAll('\n', eol)
}

const bodies = new WeakMap<SseEvent, string>()

/** Keeps the text for when the same event is to be written again: when it comes back from a backplane, or out of a queue. */
export function rememberBody({ event, body }: CheckedEvent): void {
  bodies.set(event, body)
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

function lines(prefix: string, text: string): string {
  // Most data is one line of JSON, which needs no regular expression.
  if (!text.includes('\n') && !text.includes('\r')) return `${prefix}${text}\n`
  return `${prefix}${text.replace(/\r\n|\r|\n/g, `\n${prefix}`)}\n`
}
