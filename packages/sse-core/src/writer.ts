import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { SseRequest, SseResponse } from './exchange.js'
import { Packet } from './packet.js'
import { type Sink, sinkOf } from './sink.js'

export interface WriterOptions {
  readonly writeTimeoutMs: number
  readonly maxBufferedBytes: number
  /** The socket takes more. */
  readonly onWritable: () => void
  /** The reader did not take enough in time. */
  readonly onSlow: () => void
}

/** How much waits for the end of the tick before it is written all the same. */
const MAX_OUTBOX_BYTES = 64 * 1024

/** Writes one response: what is queued in a tick goes out together, and nothing while the socket is full. */
export class Writer {
  bytes = 0
  events = 0
  readonly #req: SseRequest
  readonly #res: SseResponse
  readonly #options: WriterOptions
  #sink: Sink | undefined
  #outbox: Packet[] = []
  #outboxBytes = 0
  #isBlocked = false
  #isFlushScheduled = false
  #isOver = false
  #hasDrainListener = false
  #writeTimer: NodeJS.Timeout | undefined
  #waiting: ((isOpen: boolean) => void)[] = []

  constructor(req: SseRequest, res: SseResponse, options: WriterOptions) {
    this.#req = req
    this.#res = res
    this.#options = options
  }

  /** Whether more may be written now. */
  get isWritable(): boolean {
    return this.#sink !== undefined && !this.#isBlocked && !this.#isOver
  }

  /** Sends the head, whose status and headers are set. */
  open(): void {
    const res = this.#res
    // Held back to the end of the tick, so that it goes out in one packet with what follows it.
    if (res instanceof ServerResponse && res.socket instanceof Socket) {
      res.socket.cork()
      // First, so that it is not yet uncorked then.
      this.#scheduleFlush()
      process.nextTick(uncork, res.socket)
    }
    if (res instanceof ServerResponse) res.flushHeaders()
    else res.writeHead(res.statusCode)
    this.#sink = sinkOf(this.#req, res)
    if (this.#outboxBytes > 0) this.#scheduleFlush()
  }

  /** Writes at once, after what is queued. */
  write(packet: Packet): void {
    if (this.#isOver) return
    if (this.#outboxBytes > 0) {
      this.#put(packet)
      this.flush()
    } else this.#send(packet)
  }

  /** Writes at the end of the tick, or when the socket takes more. Too much of it cuts the reader as slow. */
  enqueue(packet: Packet): void {
    if (this.#isOver) return
    // Counted before it is added: one event may be larger than the limit.
    const buffered = this.#outboxBytes + (this.#sink?.bufferedBytes ?? 0)
    if (buffered > this.#options.maxBufferedBytes) {
      this.#options.onSlow()
      return
    }
    this.#put(packet)
    if (this.#sink === undefined) return
    if (this.#outboxBytes >= MAX_OUTBOX_BYTES) this.flush()
    if (this.#outboxBytes > 0) this.#scheduleFlush()
  }

  /** Writes what is queued, unless the socket is full. */
  flush(): void {
    this.#isFlushScheduled = false
    if (!this.isWritable || this.#outboxBytes === 0) return
    const packet = Packet.join(this.#outbox)
    this.#outbox = []
    this.#outboxBytes = 0
    this.#send(packet)
  }

  /** Resolves to true once the socket takes more, to false once the response is over. */
  writable(): Promise<boolean> {
    if (this.#isOver || !this.#isBlocked) return Promise.resolve(!this.#isOver)
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** Writes what is queued, full socket or not, and nothing after it. */
  end(): void {
    if (this.#isOver) return
    this.#isBlocked = false
    this.flush()
    this.stop()
    this.#res.end()
  }

  /** Writes nothing any more and lets go of everything. Idempotent. */
  stop(): void {
    this.#isOver = true
    this.#outbox = []
    this.#outboxBytes = 0
    clearTimeout(this.#writeTimer)
    if (this.#hasDrainListener) this.#sink?.drains.off('drain', this.#onDrain)
    this.#hasDrainListener = false
    this.#settleWaiting(false)
  }

  readonly #onDrain = (): void => {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    clearTimeout(this.#writeTimer)
    this.flush()
    if (this.isWritable) this.#options.onWritable()
    if (this.isWritable) this.#settleWaiting(true)
  }

  #put(packet: Packet): void {
    this.#outbox.push(packet)
    this.#outboxBytes += packet.size
  }

  #send(packet: Packet): void {
    this.bytes += packet.size
    this.events += packet.events
    if (this.#sink?.write(packet) === false) this.#block()
  }

  #block(): void {
    this.#isBlocked = true
    if (!this.#hasDrainListener) {
      this.#hasDrainListener = true
      this.#sink?.drains.on('drain', this.#onDrain)
    }
    const { writeTimeoutMs, onSlow } = this.#options
    clearTimeout(this.#writeTimer)
    if (writeTimeoutMs > 0) this.#writeTimer = setTimeout(onSlow, writeTimeoutMs).unref()
  }

  #settleWaiting(isOpen: boolean): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve(isOpen)
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    process.nextTick(flush, this)
  }
}

function flush(writer: Writer): void {
  writer.flush()
}

function uncork(socket: Socket): void {
  socket.uncork()
}
