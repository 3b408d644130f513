import type { Backplane } from './backplane.js'
import { requireLineEnding } from './event.js'
import { isPlainObject } from './event-fields.js'
import { requireHead } from './head.js'
import { requireRewind } from './limits.js'
import type { SseOptions } from './options.js'
import type { ErrorListener } from './report.js'
import { shown } from './shown.js'
import type { SubscribeOptions } from './subscription-group.js'

/**
 * Checks the options of a response early, while an error response is still possible.
 *
 * @throws {TypeError | RangeError} an option has the wrong type, or is out of its range
 */
export function requireOptions(options: SseOptions): void {
  if (typeof options !== 'object' || options === null) throw wrong('options', 'an object', options)
  const { headers, eol, heartbeat, onClose, key } = options
  if (headers !== undefined && !isPlainObject(headers)) throw wrong('headers', 'a plain object', headers)
  requireHead(options)
  if (eol !== undefined) requireLineEnding(eol)
  if (heartbeat !== undefined) requireFunction('heartbeat', heartbeat)
  if (onClose !== undefined) requireFunction('onClose', onClose)
  if (key !== undefined) requireString('key', key)
  requireReading(options)
}

/** Checks the options that say which events are read. @throws {TypeError | RangeError} as `requireOptions` does */
export function requireReading({ lastEventId, rewind, filter, signal }: SubscribeOptions): void {
  if (lastEventId !== undefined) requireString('lastEventId', lastEventId)
  if (rewind !== undefined) requireRewind(rewind)
  if (filter !== undefined) requireFunction('filter', filter)
  // Not `instanceof`: it may come from another realm.
  if (signal !== undefined && typeof signal?.aborted !== 'boolean') throw wrong('signal', 'an AbortSignal', signal)
}

/** Checks the services that a manager or a standalone channel is given. @throws {TypeError} one of them does not fit */
export function requireServices({ backplane, onError }: Services): void {
  if (onError !== undefined) requireFunction('onError', onError)
  if (backplane === undefined) return
  const { publish, subscribe, read } = Object(backplane)
  // All three, since a broker's client has two of them.
  for (const method of [publish, subscribe, read]) {
    if (typeof method !== 'function') throw wrong('backplane', 'a Backplane, such as redisBackplane() makes', backplane)
  }
}

interface Services {
  readonly backplane?: Backplane | undefined
  readonly onError?: ErrorListener | undefined
}

function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw wrong(name, 'a function', value)
}

function requireString(name: string, value: unknown): void {
  if (typeof value !== 'string') throw wrong(name, 'a string', value)
}

function wrong(name: string, what: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${what}, not ${shown(value)}`)
}
