import { connect } from 'node:net'
import { MARKER } from './workload.mjs'

const BUFFER_BYTES = 64 * 1024
/** How many connections are opened at the same time. */
const CONCURRENCY = 128
/** How many connect to the same port, if there are two. */
const STREAMS_PER_PORT = 10_000

// All sockets read into the same memory, so that a read allocates nothing. The extra byte is a marker that ends the
// search.
const bytes = new Uint8Array(BUFFER_BYTES + 1)
const buffer = bytes.subarray(0, BUFFER_BYTES)

/** Many streams of one server, and how many events each has received. */
export class Streams {
  /** How many events each stream has received since `reset()`. */
  received = new Int32Array(0)
  /** How many events all of them have received. */
  total = 0
  /**
   * @type {(index: number, first: number, count: number) => void} called with how many a stream had before, and how
   *   many have arrived
   */
  onEvents = () => {}
  /** @type {(error: Error) => void} called when a stream breaks */
  onFailure = () => {}
  /** Whether the server may end the streams. */
  mayEnd = false
  #marker = MARKER.charCodeAt(0)
  /** @type {import('node:net').Socket[]} */
  #sockets = []
  /** @type {Error | undefined} */
  #failure

  /** The first failure since the streams were opened. */
  get failure() {
    return this.#failure
  }

  /**
   * Opens streams until there are `count`; resolves once each has received its first bytes.
   *
   * @param {{ port: number, secondPort?: number }} server
   * @param {number} count
   * @param {(index: number) => string} [pathOf]
   */
  async open({ port, secondPort = port }, count, pathOf = () => '/') {
    this.received = new Int32Array(count)
    this.total = 0
    let next = this.#sockets.length
    const openNext = async () => {
      while (next < count) await this.#open(next < STREAMS_PER_PORT ? port : secondPort, next, pathOf(next++))
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, openNext))
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Starts counting from zero. @param {string} [marker] what occurs once in each event */
  reset(marker = MARKER) {
    this.#marker = marker.charCodeAt(0)
    this.received.fill(0)
    this.total = 0
  }

  /** @param {number} count @throws if a stream has received more or less */
  requireEach(count) {
    const wrong = this.received.findIndex((received) => received !== count)
    if (wrong === -1) return
    throw new Error(`stream ${wrong} received ${this.received[wrong]} events, not ${count}`)
  }

  /** Stops reading on all streams. */
  pause() {
    for (const socket of this.#sockets) socket.pause()
  }

  /** Disconnects all streams; resolves when the server has closed its side too. */
  async close() {
    this.mayEnd = true
    const ended = this.ended()
    for (const socket of this.#sockets) socket.end()
    await ended
    this.#sockets = []
    this.mayEnd = false
  }

  /** Resolves when all streams have ended. */
  async ended() {
    await Promise.all(this.#sockets.map(closed))
  }

  /**
   * @param {number} port
   * @param {number} index
   * @param {string} path
   */
  #open(port, index, path) {
    return new Promise((resolve) => {
      const socket = openStream(port, path, (length) => {
        this.#count(index, length)
        resolve(undefined)
      })
      this.#sockets[index] = socket
      socket.on('error', (error) => this.#fail(`stream ${index}: ${error.message}`))
      socket.on('close', () => {
        if (!this.mayEnd) this.#fail(`stream ${index} was ended by the server`)
        resolve(undefined)
      })
    })
  }

  /**
   * @param {number} index
   * @param {number} length
   */
  #count(index, length) {
    const marker = this.#marker
    bytes[length] = marker
    let count = 0
    for (let at = bytes.indexOf(marker); at < length; at = bytes.indexOf(marker, at + 1)) count++
    if (count === 0) return
    const first = this.received[index] ?? 0
    this.received[index] = first + count
    this.total += count
    this.onEvents(index, first, count)
  }

  /** @param {string} message */
  #fail(message) {
    this.#failure ??= new Error(message)
    this.onFailure(this.#failure)
  }
}

/**
 * Opens a connection and requests a stream.
 *
 * @param {number} port
 * @param {string} path
 * @param {(length: number) => void} onRead
 */
export function openStream(port, path, onRead) {
  const callback = (/** @type {number} */ length) => {
    onRead(length)
    return true
  }
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\nCache-Control: no-cache\r\n\r\n`)
  return socket
}

/** @param {import('node:net').Socket} socket */
function closed(socket) {
  if (socket.closed) return undefined
  return new Promise((resolve) => {
    socket.once('close', resolve)
  })
}
