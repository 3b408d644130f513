import { SseManager } from '@ssekit/sse-core'
import { options } from './stand.mjs'

const { heartbeatMs, writeTimeoutMs } = options
export const manager = new SseManager({ heartbeatMs, writeTimeoutMs })
export const channel = manager.getOrCreate('bench')
/** @param {string} data */
export const publish = (data) => channel.broadcast({ data })

/**
 * What compression does to a response: `res.write` is no longer Node's.
 *
 * @param {import('node:http').ServerResponse} res
 */
export function replaceWrite(res) {
  const { write } = res
  res.write = (/** @type {any[]} */ ...args) => write.apply(res, args)
}
