import { setImmediate as nextTurn } from 'node:timers/promises'
import { open, openPaused } from '../client.mjs'
import { becomes } from '../wait.mjs'

/** @typedef {import('./wire.mjs').Probe} Probe */

const EVENTS = 400
const EVENT_BYTES = 64 * 1024

/** Makes a new string each time, like data that was just created. @param {number} index */
function payload(index) {
  return Buffer.alloc(EVENT_BYTES, String(index)).toString('latin1')
}

/** Broadcasts 25 MB to a client that does not read. @param {import('../library.mjs').Stand} stand */
async function flood({ server, broadcast, readers }) {
  const socket = await openPaused(server)
  await becomes(() => readers() === 1)
  for (let index = 0; index < EVENTS; index++) {
    broadcast({ data: payload(index) })
    await nextTurn()
  }
  return socket
}

/** The memory that the process holds after garbage collection, in bytes. */
async function heldBytes() {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('run with --expose-gc')
  for (let turn = 0; turn < 5; turn++) {
    await gc({ type: 'major', execution: 'async' })
    await nextTurn()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** How much memory a client that does not read takes. @type {Probe} */
export async function paused({ channel }) {
  const stand = await channel({})
  // Code that is compiled on first use must not count.
  const first = open(stand.server)
  await becomes(() => stand.readers() === 1)
  stand.broadcast({ data: payload(0) })
  await becomes(() => first.data.length === 1)
  first.abort()
  await becomes(() => stand.readers() === 0)
  const before = await heldBytes()
  await flood(stand)
  const bytes = (await heldBytes()) - before
  const held = `${Math.round(bytes / 1_000_000)} MB`
  return (await isCut(channel)) ? `${held}, then disconnected` : held
}

/**
 * Whether a client that does not read is disconnected in the end. @param {import('../library.mjs').Library['channel']}
 * channel
 */
async function isCut(channel) {
  const stand = await channel({ writeTimeoutMs: 500 })
  await flood(stand)
  return becomes(() => stand.readers() === 0, 3_000)
}

/** An iterable is pulled no faster than its client reads. @type {Probe} */
export async function backpressure(library) {
  if (library.iterable === undefined) return '–'
  let pulled = 0
  async function* source() {
    while (pulled < EVENTS) {
      yield payload(pulled++)
      await nextTurn()
    }
  }
  await openPaused((await library.iterable(source())).server)
  return (await becomes(() => pulled === EVENTS, 3_000)) ? 'accepts it, does not wait' : '✓'
}

/** When the client disconnects, `return()` is called on a source that is waiting. @type {Probe} */
export async function release(library) {
  if (library.iterable === undefined) return '–'
  let isReleased = false
  let isAsked = false
  /** @type {AsyncIterator<string, undefined>} */
  const source = {
    next: () => {
      if (isAsked) return new Promise(() => {})
      isAsked = true
      return Promise.resolve({ done: false, value: 'hello' })
    },
    return: () => {
      isReleased = true
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  const { server, readers } = await library.iterable({ [Symbol.asyncIterator]: () => source })
  const client = open(server)
  await becomes(() => client.data.includes('hello'))
  client.abort()
  await becomes(() => readers() === 0)
  return (await becomes(() => isReleased)) ? '✓' : '–'
}

/** A limit on connections is enforced. @type {Probe} */
export async function limit({ channel }) {
  const { server, readers } = await channel({ maxConnections: 1 })
  open(server)
  await becomes(() => readers() === 1)
  const second = open(server)
  return (await becomes(() => second.isEnded && second.status !== 0)) && readers() === 1 ? '✓' : '–'
}
