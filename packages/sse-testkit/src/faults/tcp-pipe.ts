import type { Socket } from 'node:net'

/** How much may wait here before no more is taken from whoever sends. */
const MAX_WAITING_BYTES = 64 * 1024

/** What holds for a direction, at this moment. */
export interface TcpPipeTerms {
  readonly delayMs: number
  readonly isStalled: boolean
  /** Hands bytes over, or does not. */
  deliver(bytes: Buffer): void
}

/** What has come, and when it is due; a connection ends in order, or by a reset. */
interface Waiting {
  readonly what: Buffer | 'end' | 'reset'
  readonly dueMs: number
}

/** One direction of a connection: everything goes on in the order in which it came, the end and a reset too. */
export class TcpPipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #terms: TcpPipeTerms
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, terms: TcpPipeTerms) {
    this.#from = from
    this.#to = to
    this.#terms = terms
    let hasEnded = false
    from.on('data', (bytes) => this.#take(bytes))
    from.on('end', () => {
      hasEnded = true
      this.#take('end')
    })
    from.on('close', () => {
      if (!hasEnded) this.#take('reset')
    })
    to.on('drain', () => this.pump())
    to.on('close', () => this.#drop())
  }

  /** Hands over what is due and may go; called again whenever the terms have changed. */
  pump(): void {
    clearTimeout(this.#timer)
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#terms.isStalled || this.#to.writableNeedDrain) break
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
    this.#waiting.push({ what, dueMs: performance.now() + this.#terms.delayMs })
    if (typeof what !== 'string') this.#waitingBytes += what.length
    if (this.#waitingBytes >= MAX_WAITING_BYTES) this.#from.pause()
    this.pump()
  }

  #handOver(what: Waiting['what']): void {
    if (what === 'end') this.#to.end()
    else if (what === 'reset') this.#to.resetAndDestroy()
    else {
      this.#waitingBytes -= what.length
      this.#terms.deliver(what)
    }
  }

  #drop(): void {
    clearTimeout(this.#timer)
    this.#waiting.length = 0
    this.#waitingBytes = 0
    // What still comes has nowhere to go, but that it ends must be seen.
    this.#from.resume()
  }
}
