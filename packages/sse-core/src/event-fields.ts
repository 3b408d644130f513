import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import { shown } from './shown.js'

/** Whether a value is like an object literal. A source's plain objects are events, everything else is data. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of another realm (a vm context, a test runner's sandbox) have their own `Object.prototype`.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/** @throws {SseError} `ERR_SSE_INVALID_EVENT`: it is not an event, has unknown fields, or has no fields */
export function requireFields(event: SseEvent): void {
  if (typeof event !== 'object' || event === null) {
    throw invalid(`an event is an object or a string, not ${event === null ? 'null' : typeof event}`)
  }
  // An array or a buffer is an object too, but was meant as data.
  if (Array.isArray(event) || ArrayBuffer.isView(event)) {
    throw invalid(`an event is a string or a plain object; send ${shown(event)} as { data: … }`)
  }
  let isEmpty = true
  // Not `Object.keys`, which would allocate an array for each event.
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

/** @throws {SseError} `ERR_SSE_INVALID_EVENT`: it is not a string */
export function requireString(field: string, value: unknown): string {
  if (typeof value !== 'string')
    throw invalid(`${field} must be a string, not ${value === null ? 'null' : typeof value}`)
  return value
}

/** @throws {SseError} `ERR_SSE_INVALID_EVENT`: it is not a string, or contains CR, LF or NUL */
export function requireLine(field: string, value: unknown): string {
  const text = requireString(field, value)
  // Three searches are faster than one regular expression for all three, except in very short text.
  if (text.includes('\n') || text.includes('\r') || text.includes('\0'))
    throw invalid(`${field} must not contain CR, LF or NUL: ${JSON.stringify(text.slice(0, 80))}`)
  return text
}

/** @throws {SseError} `ERR_SSE_INVALID_EVENT`: it is not a time that clients would accept */
export function requireRetry(retry: unknown): number {
  if (typeof retry !== 'number' || !Number.isSafeInteger(retry) || retry < 0) {
    throw invalid(`retry must be a non-negative integer of milliseconds, not ${shown(retry)}`)
  }
  return retry
}

/** @throws {SseError} `ERR_SSE_INVALID_EVENT`: it cannot be written as JSON */
export function toJson(data: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(data)
  } catch (cause) {
    throw invalid(`data cannot be written as JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (json === undefined) throw invalid(`data cannot be written as JSON: it is a ${typeof data}`)
  return json
}

function invalid(message: string, cause?: unknown): SseError {
  return new SseError('ERR_SSE_INVALID_EVENT', message, cause === undefined ? undefined : { cause })
}
