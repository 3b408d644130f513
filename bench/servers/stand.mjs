import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer, options, takeLeave } from '../answering.mjs'
import { MARKER, payload } from '../load/workload.mjs'
import { memory } from '../memory.mjs'

export { options } from '../answering.mjs'

/** The beginning of a bare stream; libraries send their own. */
export const HEAD = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
}
export const PREAMBLE = 'retry: 2000\n\n'

/** The last event of all streams when the server stops. */
export const FAREWELL = { event: 'farewell', data: MARKER }

/**
 * Encodes `count` equal events.
 *
 * @param {string} data
 * @param {number} [count]
 */
export function frame(data, count = 1) {
  return Buffer.from(`data: ${data}\n\n`.repeat(count))
}

/**
 * Serves streams on a free port, and publishes when requested on another one.
 *
 * @param {import('node:net').Server} server
 * @param {object} ways
 * @param {(data: string) => unknown} [ways.publish] sends an event to all streams
 * @param {(data: string, count: number) => unknown} [ways.publishJoined] sends `count` events at once; without it, each
 *   is published separately
 * @param {string} [ways.replayPath] where a stream begins with all retained events
 * @param {() => Promise<unknown>} [ways.shutDown] sends a last event, ends all streams, and closes the server
 */
export async function serve(server, { publish = () => {}, publishJoined, replayPath, shutDown }) {
  const control = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (lines) => {
      // A line is a few bytes that were written at once, so it is never split.
      for (const line of String(lines).trimEnd().split('\n')) {
        const [bytes = 0, count = 0] = line.split(' ').map(Number)
        const data = payloadOf(bytes)
        if (publishJoined !== undefined) publishJoined(data, count)
        else for (let n = 0; n < count; n++) publish(data)
      }
    })
    // This connection must not keep the process alive.
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

/** Collects V8's young generation. */
function collectYoung() {
  globalThis.gc?.({ type: 'minor' })
}

/**
 * Makes a `node:http` server accept connections on another port too: once half of the local ports for connections to
 * one port are taken, the kernel takes long to find a free one.
 *
 * @param {import('node:net').Server} server
 */
function listenAgain(server) {
  // The same as for that server's own port.
  const options = { allowHalfOpen: true, noDelay: true }
  return listen(createServer(options, (socket) => server.emit('connection', socket)).unref())
}

/**
 * Resolves with the longest time for which the event loop was blocked, in ms. @param {number} durationMs how long to
 * look
 */
async function stall(durationMs) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await sleep(durationMs)
  delay.disable()
  return delay.max / 1e6
}

let writes = 0

/** Counts the writes that sockets pass to the operating system, however they were composed. */
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
