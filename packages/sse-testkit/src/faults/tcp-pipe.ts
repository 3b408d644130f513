import type { Socket } from 'node:net'
import { resetNow } from './reset-now.js'

/** How many bytes may wait here before reading from the sender pauses. */
const MAX_WAITING_BYTES = 64 * 1024

/** What has arrived, and when it is due. A connection ends in order, or with a reset. */
interface Waiting {
  readonly what: Buffer | 'end' | 'reset'
  readonly dueMs: number
}

/** One direction of a connection: everything is forwarded in the order of arrival, the end included. */
export class TcpPipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #network: { readonly delayMs: number; readonly isStalled: boolean }
  readonly #deliver: (bytes: Buffer) => void
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined

  /**
   * @param network the state of the network, read each time
   * @param deliver writes bytes to their destination, or drops them
   */
  constructor(
    from: Socket,
    to: Socket,
    network: { readonly delayMs: number; readonly isStalled: boolean },
    deliver: (bytes: Buffer) => void,
  ) {
    this.#from = from
    this.#to = to
    this.#network = network
    this.#deliver = deliver
    from.on('data', (bytes) => this.#take(bytes))
    from.on('end', () => this.#take('end'))
    from.on('close', () => {
      // A side that ended its half may still read; but if it closes before it received everything, that is a reset.
      if (!from.readableEnded || !from.writableFinished) this.#take('reset')
    })
    to.on('drain', () => this.pump())
    // It may have ended before the other side was connected.
    if (from.readableEnded) this.#take('end')
  }

  /** Forwards what is due, as far as the network allows; called again whenever the network changes. */
  pump(): void {
    clearTimeout(this.#timer)
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#network.isStalled || this.#to.writableNeedDrain) break
      const earlyMs = next.dueMs - performance.now()
      if (earlyMs > 0) {
        this.#timer = setTimeout(() => this.pump(), earlyMs).unref()
        break
      }
      this.#waiting.shift()
      this.#handOver(next.what)
    }
    if (this.#waitingBytes < MAX_WAITING_BYTES) this.#from.resume()
  }

  #take(what: Waiting['what']): void {
    if (this.#to.destroyed) return
    this.#waiting.push({ what, dueMs: performance.now() + this.#network.delayMs })
    if (typeof what !== 'string') this.#waitingBytes += what.length
    if (this.#waitingBytes >= MAX_WAITING_BYTES) this.#from.pause()
    this.pump()
  }

  #handOver(what: Waiting['what']): void {
    if (what === 'end') this.#to.end()
    else if (what === 'reset') resetNow(this.#to)
    else {
      this.#waitingBytes -= what.length
      this.#deliver(what)
    }
  }
}
