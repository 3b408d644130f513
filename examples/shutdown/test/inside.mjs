// Loaded into a recipe's process before the recipe (`node --import`), so that the recipe runs as it is shown. Makes its
// server listen on a free port, fills the sockets of clients that do not read, and reports what only the server sees.
import http from 'node:http'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sseManager } from '@ssekit/sse-core'

/**
 * The role of a client in its test, sent in the header `X-Role`. The response to a `held` request waits for `release`.
 *
 * @typedef {'reads' | 'stalls' | 'held'} Role
 */

/**
 * The server listens; a held response is ready; the sockets of all stalled clients are full; the connection of a stalled
 * client was closed, at a time of `process.hrtime` in ms, while so many readers were connected; `closeAllConnections()`
 * was called.
 *
 * @typedef {{ type: 'listening', port: number } | { type: 'holding' } | { type: 'full' }
 *   | { type: 'stalled-closed', atMs: number, openReaders: number } | { type: 'all-cut' }} Report
 */

/** @typedef {'broadcast' | 'fill' | 'release'} Order */

/** Large for an event, small for a socket's buffer. */
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
  // Waits until the grace period of the streams has disconnected the stalled clients, even on a busy machine. Otherwise
  // this call would hide that nothing else disconnects them.
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

/** Sends to all stalled clients until their sockets are full. */
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
  // The kernel may have room and only be slow, so the socket must stay full for ten looks.
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
// The channel to the test must not keep the recipe running, and the recipe must not outlive the test.
process.channel?.unref()
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
