import { SseError } from '@ssekit/sse-core'

/** The most entries of one batch, and the bytes after which it is full. */
const MAX_BATCH_ENTRIES = 500
const MAX_BATCH_BYTES = 1024 * 1024

/** An entry to be appended, and the promise of its id. */
export class Outgoing {
  /** The publisher's own id, or `''`. */
  readonly ownId: string
  readonly json: string
  /** The size of the JSON in UTF-8. */
  readonly bytes: number
  /** When its time is up, in ms of `performance.now()`. */
  readonly deadline: number
  readonly id: Promise<string>
  isSettled = false
  #resolve!: (id: string) => void
  #reject!: (error: SseError) => void

  constructor(ownId: string, json: string, deadline: number) {
    this.ownId = ownId
    this.json = json
    this.bytes = Buffer.byteLength(json)
    this.deadline = deadline
    this.id = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Fulfils the promise, unless it is settled. */
  resolve(id: string): void {
    this.isSettled = true
    this.#resolve(id)
  }

  /** Rejects the promise, unless it is settled. */
  reject(error: SseError): void {
    this.isSettled = true
    this.#reject(error)
  }
}

export interface OutboxOptions {
  /**
   * Appends a batch. Resolves when every entry is settled and the client holds no command for it any more. Never rejects.
   */
  readonly send: (batch: readonly Outgoing[]) => Promise<void>
  readonly timeoutMs: number
  /** Called when nothing is left to send. */
  readonly onEmpty: () => void
}

/**
 * What a process has to append to one channel. One batch is under way at a time, and entries that arrive meanwhile form the next one.
 * So calls keep their order whatever happens to a command. A slow answer makes batches larger, not the process slower. And a client
 * that waits for its server does not hold entries whose time is up.
 */
export class Outbox {
  /** The error of the last attempt, if it failed. */
  lastError: unknown
  readonly #options: OutboxOptions
  // Both in the order of their deadlines.
  #underWay: readonly Outgoing[] = []
  #waiting: Outgoing[] = []
  #isSending = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  add(outgoing: Outgoing): void {
    this.#waiting.push(outgoing)
    this.#timer ??= setTimeout(() => this.#expire(), this.#options.timeoutMs)
    if (this.#isSending) return
    this.#isSending = true
    // Events published in the same tick go in the same batch.
    process.nextTick(() => void this.#sendAll())
  }

  /** Resolves once all current entries are settled. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#underWay, ...this.#waiting].map(({ id }) => id))
  }

  async #sendAll(): Promise<void> {
    const { send, onEmpty } = this.#options
    while (this.#waiting.length > 0) {
      this.#underWay = this.#takeBatch()
      await send(this.#underWay)
      this.#underWay = []
    }
    this.#isSending = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    onEmpty()
  }

  #takeBatch(): Outgoing[] {
    let total = 0
    let count = 0
    for (const { bytes } of this.#waiting) {
      if (count === MAX_BATCH_ENTRIES || total >= MAX_BATCH_BYTES) break
      total += bytes
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  /** Rejects entries whose time is up, whether they are under way or not. Those that wait are not sent any more. */
  #expire(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const outgoing of [...this.#underWay, ...this.#waiting]) {
      if (outgoing.deadline > now) {
        this.#timer = setTimeout(() => this.#expire(), Math.ceil(outgoing.deadline - now))
        break
      }
      outgoing.reject(tooLate(this.#options.timeoutMs, this.lastError))
    }
    this.#waiting = this.#waiting.filter(({ isSettled }) => !isSettled)
  }
}

/** The error for an entry whose time is up. */
export function tooLate(timeoutMs: number, cause?: unknown): SseError {
  return new SseError(
    'ERR_SSE_BACKPLANE',
    `Redis did not accept the event within ${timeoutMs} ms`,
    cause === undefined ? undefined : { cause },
  )
}
