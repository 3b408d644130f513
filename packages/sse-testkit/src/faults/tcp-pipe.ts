import type { Socket } from 'node:net'
import { resetNow } from './reset-now.js'

/** How much may wait here before no more is taken from whoever sends. */
const MAX_WAITING_BYTES = 64 * 1024

/** What has come, and when it is due; a connection ends in order, or by a reset. */
interface Waiting {
  readonly what: Buffer | 'end' | 'reset'
  readonly dueMs: number
}

/** One direction of a connection: everything goes on in the order in which it came, its end too. */
export class TcpPipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #network: { readonly delayMs: number; readonly isStalled: boolean }
  readonly #deliver: (bytes: Buffer) => void
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined

  /**
   * @param network what it is like, asked each time
   * @param deliver writes bytes to where they go, or does not
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
      // Who said that it sends no more could still read: but not if it is gone before it had everything.
      if (!from.readableEnded || !from.writableFinished) this.#take('reset')
    })
    to.on('drain', () => this.pump())
    // It may have said so while the way to the other side was not there yet.
    if (from.readableEnded) this.#take('end')
  }

  /** Hands over what is due and may go; called again whenever the network has changed. */
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
