import { SseError } from '@ssekit/sse-core'

/** How many entries one batch has at most, and after how many bytes it is full. */
const MAX_BATCH_ENTRIES = 500
const MAX_BATCH_BYTES = 1024 * 1024

/** An entry that is to be appended, and who waits for its id. */
export class Outgoing {
  /** The id that its publisher gave, or `''`. */
  readonly ownId: string
  readonly json: string
  /** How many bytes of UTF-8 the JSON is. */
  readonly bytes: number
  /** Until when it may be appended, in ms of `performance.now()`. */
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

  /** Tells the id, unless something else was told before. */
  resolve(id: string): void {
    this.isSettled = true
    this.#resolve(id)
  }

  /** Tells why not, unless something else was told before. */
  reject(error: SseError): void {
    this.isSettled = true
    this.#reject(error)
  }
}

export interface OutboxOptions {
  /**
   * Appends a batch; returns when each entry of it is settled, and the client holds nothing of it any more. Never rejects.
   */
  readonly send: (batch: readonly Outgoing[]) => Promise<void>
  readonly timeoutMs: number
  /** Nothing is left. */
  readonly onEmpty: () => void
}

/**
 * What a process has to append to one channel. One batch is under way at a time, and what comes meanwhile is the next: so
 * calls keep their order whatever becomes of a command, a slow answer makes batches larger, not the process slower, and a
 * client that waits for its server does not hold what nobody waits for any more.
 */
export class Outbox {
  /** What the server or the client said the last time, if that was an error. */
  lastError: unknown
  readonly #options: OutboxOptions
  // Both in the order in which their time is up.
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
    // What is published in the same turn goes in the same batch.
    process.nextTick(() => void this.#sendAll())
  }

  /** Resolves once all that it has now is settled. */
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

  /** Whose time is up is told so, under way or not, and is not sent any more. */
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

/** What is told to who could not publish in time. */
export function tooLate(timeoutMs: number, cause?: unknown): SseError {
  return new SseError(
    'ERR_SSE_BACKPLANE',
    `Redis did not accept the event within ${timeoutMs} ms`,
    cause === undefined ? undefined : { cause },
  )
}
