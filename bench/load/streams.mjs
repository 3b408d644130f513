import { connect } from 'node:net'
import { MARKER } from './workload.mjs'

const BUFFER_BYTES = 64 * 1024
/** How many connections are under way at once. */
const CONCURRENCY = 128

// All sockets read into the same memory, so that a read allocates nothing. One byte more, for a marker that ends the search.
const bytes = new Uint8Array(BUFFER_BYTES + 1)
const buffer = bytes.subarray(0, BUFFER_BYTES)

/** Many streams of one server, and how many events each has received. */
export class Streams {
  /** How many events each stream has received since the last `reset()`. */
  received = new Int32Array(0)
  /** How many all of them have. */
  total = 0
  /** @type {(index: number, first: number, count: number) => void} */
  onEvents = () => {}
  /** @type {((error: Error) => void)} */
  onFailure = () => {}
  /** @type {(index: number) => void} hears of streams that the server ends, if that is no failure */
  onEnd = (index) => this.#fail(`stream ${index} was ended by the server`)
  #marker = MARKER.charCodeAt(0)
  /** @type {import('node:net').Socket[]} */
  #sockets = []
  /** @type {Error | undefined} */
  #failure

  /** What went wrong since they were opened. */
  get failure() {
    return this.#failure
  }

  /**
   * Opens streams; resolves once each has its first bytes.
   *
   * @param {number} port
   * @param {{ count: number, path?: string, paths?: number }} options `paths`: how many different paths, `/0`, `/1`, …
   */
  async open(port, { count, paths }) {
    const first = this.#sockets.length
    this.received = new Int32Array(first + count)
    let next = first
    const openNext = async () => {
      while (next < first + count) {
        const index = next++
        await this.#open(port, index, paths === undefined ? '/' : `/${index % paths}`)
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, openNext))
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Counts from nothing. @param {string} [marker] what stands once in each event */
  reset(marker = MARKER) {
    this.#marker = marker.charCodeAt(0)
    this.received.fill(0)
    this.total = 0
  }

  /** They read no more. */
  pause() {
    for (const socket of this.#sockets) socket.pause()
  }

  /** They go, and wait until the server has noticed. */
  async close() {
    this.onEnd = () => {}
    await Promise.all(
      this.#sockets.map((socket) => {
        const closed = new Promise((resolve) => {
          socket.once('close', resolve)
        })
        socket.end()
        return closed
      }),
    )
    this.#sockets = []
  }

  /**
   * @param {number} port
   * @param {number} index
   * @param {string} path
   */
  async #open(port, index, path) {
    await new Promise((resolve) => {
      let isOpen = false
      const socket = openSocket(port, path, (length) => {
        if (isOpen) this.#count(index, length)
        else resolve(undefined)
        isOpen = true
      })
      this.#sockets[index] = socket
      socket.on('error', (error) => this.#fail(`stream ${index}: ${error.message}`))
      socket.on('close', () => {
        this.onEnd(index)
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
 * A connection that asks for a stream.
 *
 * @param {number} port
 * @param {string} path
 * @param {(length: number) => void} onRead
 */
export function openSocket(port, path, onRead) {
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        onRead(length)
        return true
      },
    },
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\nCache-Control: no-cache\r\n\r\n`)
  return socket
}
