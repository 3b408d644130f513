import { SseManager } from '@ssekit/sse-core'
import { payload } from '../load/workload.mjs'
import { FAREWELL, options } from './stand.mjs'

const { heartbeatMs, retained = 0, graceMs } = options

/** The last event of all streams. */
export const close = { event: FAREWELL, graceMs }
export const manager = new SseManager({ heartbeatMs })
export const channel = manager.getOrCreate('bench')
/** @param {string} data */
export const publish = (data) => channel.broadcast({ data })

// The event after which a stream resumes, and all the events that it then gets.
const firstId = await publish('first')
for (let n = 0; n < retained; n++) await publish(payload(100))
export const replayPath = `/?lastEventId=${firstId}`

/** @param {import('node:http').Server} server */
export async function shutDown(server) {
  server.close()
  await manager.close(close)
}

/**
 * Does what compression does to a response: `res.write` is then no longer Node's.
 *
 * @param {import('node:http').ServerResponse} res
 */
export function replaceWrite(res) {
  const write = /** @type {(...args: any[]) => boolean} */ (res.write)
  res.write = (/** @type {any[]} */ ...args) => write.apply(res, args)
}
