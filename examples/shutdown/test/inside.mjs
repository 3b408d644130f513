// Loaded into a recipe's process before the recipe itself (`node --import`), so that the recipe runs as it is shown: puts its
// server on a free port of this machine, fills the sockets of those who do not read, and reports what only the server sees.
import http from 'node:http'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sseManager } from '@ssekit/sse-core'

/**
 * What a client is in its test, as its header `X-Role` says: `held` asks for an answer that waits until it is released.
 *
 * @typedef {'reads' | 'stalls' | 'held'} Role
 */

/**
 * The server listens; a held answer is ready; the sockets of all who stall are full; the connection of one who stalls is
 * closed, when so many readers' were not (the time is that of `process.hrtime`, in ms); whatever was left was cut off.
 *
 * @typedef {{ type: 'listening', port: number } | { type: 'holding' } | { type: 'full' }
 *   | { type: 'stalled-closed', atMs: number, openReaders: number } | { type: 'all-cut' }} Report
 */

/** @typedef {'broadcast' | 'fill' | 'release'} Order */

/** Much for one event, little for a socket. */
const BIG = 'x'.repeat(256 * 1024)

/** @type {(() => void)[]} */
const held = []
/** @type {Set<net.Socket>} */
const stalled = new Set()
let openReaders = 0
/** @type {(() => void) | undefined} */
let cutAll

/** @type {(report: Report) => void} */
function report(what) {
  process.send?.(what)
}

const { listen } = net.Server.prototype
/**
 * @this {net.Server}
 * @param {readonly unknown[]} args
 */
net.Server.prototype.listen = function (...args) {
  this.once('listening', () => {
    const { port } = /** @type {net.AddressInfo} */ (this.address())
    report({ type: 'listening', port })
  })
  this.prependListener('request', watch)
  const callback = args.find((arg) => typeof arg === 'function')
  return Reflect.apply(listen, this, [{ port: 0, host: '127.0.0.1' }, callback])
}

const { closeAllConnections } = http.Server.prototype
/** @this {http.Server} */
http.Server.prototype.closeAllConnections = function () {
  report({ type: 'all-cut' })
  // Not before the streams' own grace has ended those who stall, however late a busy machine makes it: else this would hide
  // that nothing else ends them.
  cutAll = () => closeAllConnections.call(this)
  if (stalled.size === 0) cutAll()
}

/** @type {http.RequestListener} */
function watch(req, res) {
  const role = roleOf(req)
  if (role === 'reads') {
    openReaders += 1
    req.socket.once('close', () => {
      openReaders -= 1
    })
  } else if (role === 'stalls') {
    stalled.add(req.socket)
    req.socket.once('close', () => {
      stalled.delete(req.socket)
      report({ type: 'stalled-closed', atMs: Number(process.hrtime.bigint()) / 1e6, openReaders })
      if (stalled.size === 0) cutAll?.()
    })
  } else if (role === 'held') hold(res)
}

/** @param {http.ServerResponse} res */
function hold(res) {
  const { end } = res
  /** @param {readonly unknown[]} args */
  const later = (...args) => {
    held.push(() => Reflect.apply(end, res, args))
    report({ type: 'holding' })
    return res
  }
  res.end = /** @type {typeof end} */ (later)
}

/** Sends to all who stall until nothing more goes out. */
async function fill() {
  /** @type {Promise<void>[]} */
  const filling = []
  sseManager.disconnect((connection) => {
    if (roleOf(connection.req) === 'stalls') filling.push(fillOne(connection))
    return false
  })
  await Promise.all(filling)
  report({ type: 'full' })
}

/** @param {import('@ssekit/sse-core').SseConnection} connection */
async function fillOne(connection) {
  // The kernel may only be slow to take what it has room for: it is asked again, after so many turns of the event loop.
  for (let looks = 0; looks < 10; looks++) {
    if (!connection.req.socket.writableNeedDrain) {
      void connection.send(BIG)
      looks = 0
    }
    await sleep(10)
  }
}

/** @param {import('@ssekit/sse-core').SseConnection['req']} req */
function roleOf(req) {
  return req.headers['x-role']
}

process.on('message', (/** @type {Order} */ order) => {
  if (order === 'broadcast') void sseManager.getOrCreate('news').broadcast('before')
  else if (order === 'fill') void fill()
  else for (const release of held) release()
})
// The test must not be what keeps the recipe running, nor leave it behind.
process.channel?.unref()
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
