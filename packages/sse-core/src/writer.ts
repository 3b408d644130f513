import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { SseResponse } from './http.js'
import { Packet } from './packet.js'
import { destroyResponse } from './response-close.js'
import { directSocketOf, ResponseSink } from './sink.js'
import type { StreamConfig } from './stream-config.js'
import { turn } from './turn.js'

/** Whom a writer writes for. */
export interface WriterOwner {
  /** The socket takes more. */
  onWritable(): void
  /** The reader did not take enough in time, or too much waits for it. */
  onSlow(): void
  /** What has replaced `res.write` threw. */
  fail(cause: unknown): void
}

/** How much waits for the end of the tick before it is written all the same. */
const MAX_OUTBOX_BYTES = 64 * 1024

/** What goes out together at the end of the tick, or when the socket takes more. */
interface Outbox {
  readonly packets: Packet[]
  bytes: number
  isFlushScheduled: boolean
}

/** A socket that is full, or was so before. Most never are, and this is made for those that are. */
interface Stall {
  readonly waiting: ((isOpen: boolean) => void)[]
  readonly drains: Socket | SseResponse
  readonly onDrain: () => void
  timer: NodeJS.Timeout | undefined
}

/**
 * Writes one response: what is queued in a tick goes out together, and nothing while the socket is full.
 *
 * There is one for each stream, and `write` runs for each event of each, so it has few fields and takes few steps
 * (`npm run bench`: broadcast, memory).
 */
export class Writer {
  /** Whether more may be written now. */
  isWritable = false
  bytes = 0
  events = 0
  /** The heartbeat wheel's tick of the last write. */
  activeTick = 0
  // Its owner's own, and kept here too: `write` then touches one object less for each stream.
  readonly config: StreamConfig
  readonly #res: SseResponse
  readonly #owner: WriterOwner
  // One of them, once the head is out: the socket itself where that is sound, else `res.write`.
  #socket: Socket | undefined
  #sink: ResponseSink | undefined
  #outbox: Outbox | undefined
  #stall: Stall | undefined
  #isOver = false

  constructor(res: SseResponse, config: StreamConfig, owner: WriterOwner) {
    this.#res = res
    this.config = config
    this.#owner = owner
  }

  /** Whether the head is sent. */
  get isOpen(): boolean {
    return (this.#socket ?? this.#sink) !== undefined
  }

  /** Whether more waits here than may: what comes next would be too much. */
  get isOverfull(): boolean {
    return this.#outbox !== undefined && this.#outbox.bytes > this.config.settings.maxBufferedBytes
  }

  /** Sends the head, whose status and headers are set. */
  open(): void {
    const res = this.#res
    if (res instanceof ServerResponse) {
      const { socket } = res
      // Held back to the end of the tick, so that it goes out in one packet with what follows it.
      if (socket instanceof Socket) {
        socket.cork()
        process.nextTick(flushAndUncork, this, socket)
      }
      res.flushHeaders()
      this.#socket = directSocketOf(res)
    } else if (!res.headersSent) res.writeHead(res.statusCode)
    if (this.#socket === undefined) this.#sink = new ResponseSink(res)
    this.isWritable = !this.#isOver
  }

  /** Writes at once, after what is queued; for who has seen that it is writable. */
  write(packet: Packet): void {
    if (this.#isOver) return
    if (this.#outbox !== undefined) {
      this.#queue(this.#outbox, packet)
      this.flush()
      return
    }
    const { wheel } = this.config
    if (wheel !== undefined) this.activeTick = wheel.tick
    this.bytes += packet.size
    this.events += packet.events
    const socket = this.#socket
    if (socket === undefined) this.#writeToSink(packet)
    else if (!socket.write(packet.chunk)) this.#block()
  }

  /** Enqueues what somebody else wants to send: too much of it cuts the reader as slow. */
  offer(packet: Packet): void {
    // Counted before it is added: one event may be larger than the limit.
    if (this.isOverfull) this.#owner.onSlow()
    else this.enqueue(packet)
  }

  /** Writes at the end of the tick, or when the socket takes more. */
  enqueue(packet: Packet): void {
    if (this.#isOver) return
    this.collect(packet)
    const outbox = this.#outbox
    if (outbox === undefined || outbox.isFlushScheduled) return
    outbox.isFlushScheduled = true
    process.nextTick(flush, this)
  }

  /** Queues what the caller will flush, in this turn, unless it is the end that flushes it. */
  collect(packet: Packet): void {
    if (this.#isOver) return
    this.#outbox ??= { packets: [], bytes: 0, isFlushScheduled: false }
    this.#queue(this.#outbox, packet)
    if (this.#outbox.bytes >= MAX_OUTBOX_BYTES) this.flush()
  }

  /** Writes what is queued, unless the socket is full. */
  flush(): void {
    const outbox = this.#outbox
    if (outbox === undefined) return
    outbox.isFlushScheduled = false
    if (!this.isWritable) return
    this.#outbox = undefined
    if (outbox.packets.length > 0) this.write(Packet.join(outbox.packets))
  }

  /** Resolves to true once more may be written, to false once the response is over. */
  async writable(): Promise<boolean> {
    // What is queued in this tick is written at its end.
    if (this.isWritable) await turn()
    const stall = this.#stall
    if (this.#isOver || stall === undefined || this.isWritable) return !this.#isOver
    return new Promise((resolve) => {
      stall.waiting.push(resolve)
    })
  }

  /** Writes what is queued, full socket or not, and nothing after it. */
  end(): void {
    if (this.#isOver) return
    this.isWritable = true
    this.flush()
    this.stop()
    try {
      this.#res.end()
    } catch (error) {
      // Somebody has replaced it. What is not ended so is still to be over.
      this.config.report(error)
      destroyResponse(this.#res)
    }
  }

  /** Writes nothing any more and lets go of everything. Idempotent. */
  stop(): void {
    this.#isOver = true
    this.isWritable = false
    this.#outbox = undefined
    const stall = this.#stall
    if (stall === undefined) return
    this.#stall = undefined
    clearTimeout(stall.timer)
    stall.drains.off('drain', stall.onDrain)
    settle(stall, false)
  }

  #writeToSink(packet: Packet): void {
    try {
      if (this.#sink?.write(packet) === false) this.#block()
    } catch (error) {
      // Mostly nobody is there to catch it: this is the end of a tick, or a heartbeat.
      this.#owner.fail(error)
    }
  }

  #queue(outbox: Outbox, packet: Packet): void {
    outbox.packets.push(packet)
    outbox.bytes += packet.size
  }

  #block(): void {
    this.isWritable = false
    this.#stall ??= this.#watch()
    const stall = this.#stall
    clearTimeout(stall.timer)
    const { writeTimeoutMs } = this.config.settings
    if (writeTimeoutMs > 0) stall.timer = setTimeout(cutSlow, writeTimeoutMs, this.#owner).unref()
  }

  #watch(): Stall {
    // `drain` comes from the socket, not from the response, where writes go to the socket.
    const drains = this.#socket ?? this.#res
    const stall: Stall = { waiting: [], drains, onDrain: () => this.#resume(stall), timer: undefined }
    drains.on('drain', stall.onDrain)
    return stall
  }

  #resume(stall: Stall): void {
    if (this.isWritable) return
    this.isWritable = true
    clearTimeout(stall.timer)
    this.flush()
    if (this.isWritable) this.#owner.onWritable()
    if (this.isWritable) settle(stall, true)
  }
}

function settle({ waiting }: Stall, isOpen: boolean): void {
  for (const resolve of waiting.splice(0)) resolve(isOpen)
}

function cutSlow(owner: WriterOwner): void {
  owner.onSlow()
}

function flush(writer: Writer): void {
  writer.flush()
}

function flushAndUncork(writer: Writer, socket: Socket): void {
  writer.flush()
  socket.uncork()
}
