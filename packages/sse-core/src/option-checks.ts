import { inspect } from 'node:util'
import { requireLineEnding } from './event.js'
import { isPlainObject } from './event-fields.js'
import { requireHead } from './head.js'
import { requireRewind } from './limits.js'
import type { SseOptions } from './options.js'

/**
 * Checks what would else come to light when it is too late for an error response.
 *
 * @throws {TypeError | RangeError} an option is none of its type, or out of its range
 */
export function requireOptions(options: SseOptions): void {
  const { headers, eol, rewind, filter, heartbeat, onClose, lastEventId, key, signal } = options
  if (headers !== undefined && !isPlainObject(headers)) throw wrong('headers', 'a plain object', headers)
  requireHead(options)
  if (eol !== undefined) requireLineEnding(eol)
  if (rewind !== undefined) requireRewind(rewind)
  if (filter !== undefined) requireFunction('filter', filter)
  if (heartbeat !== undefined) requireFunction('heartbeat', heartbeat)
  if (onClose !== undefined) requireFunction('onClose', onClose)
  if (lastEventId !== undefined) requireString('lastEventId', lastEventId)
  if (key !== undefined) requireString('key', key)
  // Not `instanceof`: it may be of another realm.
  if (signal !== undefined && typeof signal?.aborted !== 'boolean') throw wrong('signal', 'an AbortSignal', signal)
}

function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw wrong(name, 'a function', value)
}

function requireString(name: string, value: unknown): void {
  if (typeof value !== 'string') throw wrong(name, 'a string', value)
}

function wrong(name: string, what: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${what}, not ${inspect(value, { depth: 0 })}`)
}
