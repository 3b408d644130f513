import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer, options, takeLeave } from '../answering.mjs'
import { MARKER, payload } from '../load/workload.mjs'
import { memory } from '../memory.mjs'

export { options } from '../answering.mjs'

/** What a bare stream begins with; libraries have their own. */
export const HEAD = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
}
export const PREAMBLE = 'retry: 2000\n\n'

/** What is said to all streams when the server stops. */
export const FAREWELL = { event: 'farewell', data: MARKER }

/**
 * So many events as bytes.
 *
 * @param {string} data
 * @param {number} [count]
 */
export function frame(data, count = 1) {
  return Buffer.from(`data: ${data}\n\n`.repeat(count))
}

/**
 * Serves streams on a free port, and publishes when told so on another one.
 *
 * @param {import('node:net').Server} server
 * @param {object} ways
 * @param {(data: string) => unknown} [ways.publish] sends an event to all streams
 * @param {(data: string, count: number) => unknown} [ways.publishJoined] sends so many of them at once; else each is published
 * @param {string} [ways.replayPath] where a stream begins with all that is retained
 * @param {() => Promise<unknown>} [ways.shutDown] says farewell, and ends all streams and the server
 */
export async function serve(server, { publish = () => {}, publishJoined, replayPath, shutDown }) {
  const control = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (lines) => {
      // A line is a few bytes that were written at once: it is never cut in two.
      for (const line of String(lines).trimEnd().split('\n')) {
        const [bytes = 0, count = 0] = line.split(' ').map(Number)
        const data = payloadOf(bytes)
        if (publishJoined !== undefined) publishJoined(data, count)
        else for (let n = 0; n < count; n++) publish(data)
      }
    })
    // It must not keep the process from ending.
    socket.unref()
  }).unref()
  const ports = {
    port: await listen(server),
    secondPort: await listenAgain(server),
    controlPort: await listen(control),
  }
  if (options.countWrites) countWrites()
  answer(
    { ...ports, protocol: 'line', replayPath },
    {
      memory,
      collectYoung,
      stall,
      takeWrites,
      shutDown() {
        takeLeave()
        return shutDown?.()
      },
    },
  )
}

let lastPayload = ''

/** @param {number} bytes */
function payloadOf(bytes) {
  if (lastPayload.length !== bytes) lastPayload = payload(bytes)
  return lastPayload
}

/** @param {import('node:net').Server} server */
async function listen(server) {
  if (!server.listening) {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
    await once(server, 'listening')
  }
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return address.port
}

/** Frees what is dead of V8's young generation. */
function collectYoung() {
  globalThis.gc?.({ type: 'minor' })
}

/**
 * Has a server of `node:http` take connections on another port, too: when half of the ports that connections to the same one may come from are taken, the
 * kernel looks long for a free one.
 *
 * @param {import('node:net').Server} server
 */
function listenAgain(server) {
  // As that server's own.
  const options = { allowHalfOpen: true, noDelay: true }
  return listen(createServer(options, (socket) => server.emit('connection', socket)).unref())
}

/** The longest time in which the event loop did not turn, in ms. @param {number} durationMs how long to look */
async function stall(durationMs) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await sleep(durationMs)
  delay.disable()
  return delay.max / 1e6
}

let writes = 0

/** Counts what sockets hand to the operating system, however it was put together. */
function countWrites() {
  const prototype = /** @type {Record<string, (...args: unknown[]) => unknown>} */ (
    /** @type {unknown} */ (Socket.prototype)
  )
  for (const method of ['_write', '_writev']) {
    const original = prototype[method]
    prototype[method] = function (...args) {
      writes++
      return original?.apply(this, args)
    }
  }
}

/** How many writes there were since the last call. */
function takeWrites() {
  const taken = writes
  writes = 0
  return taken
}
