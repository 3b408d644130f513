import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { SseResponse } from './http.js'
import { Packet } from './packet.js'
import { destroyResponse } from './response-close.js'
import { directSocketOf, ResponseSink } from './sink.js'
import type { StreamConfig } from './stream-config.js'
import { turn } from './turn.js'

/** Called by a writer. */
export interface WriterOwner {
  /** The socket accepts more. */
  onWritable(): void
  /** The client did not read enough in time, or too much waits for it. */
  onSlow(): void
  /** Code that has replaced `res.write` threw. */
  fail(cause: unknown): void
}

/** How many bytes may wait for the end of the tick before they are written at once. */
const MAX_OUTBOX_BYTES = 64 * 1024

/** Packets that are written together at the end of the tick, or when the socket accepts more. */
interface Outbox {
  readonly packets: Packet[]
  bytes: number
  isFlushScheduled: boolean
}

/** A socket that is full, or was so before. Most never are, so this is made on demand. */
interface Stall {
  readonly waiting: ((isOpen: boolean) => void)[]
  readonly drains: Socket | SseResponse
  readonly onDrain: () => void
  timer: NodeJS.Timeout | undefined
}

/**
 * Writes one response: what is queued in a tick is sent together, and nothing while the socket is full.
 *
 * There is one for each stream, and `write` runs for each event of each, so it has few fields and takes few steps
 * (`npm run bench`: broadcast, memory).
 */
export class Writer {
  /** Whether more may be written now. */
  isWritable = false
  bytes = 0
  events = 0
  /** The heartbeat wheel's tick at the last write. */
  activeTick = 0
  // The same as the owner's, and kept here too: `write` then touches one object less for each stream.
  readonly config: StreamConfig
  readonly #res: SseResponse
  readonly #owner: WriterOwner
  // One of them is set once the headers are sent: the socket itself if that is safe, else `res.write()`.
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

  /** Whether the response headers are sent. */
  get isOpen(): boolean {
    return (this.#socket ?? this.#sink) !== undefined
  }

  /** Whether more than `maxBufferedBytes` wait here, so that nothing may be added. */
  get isOverfull(): boolean {
    return this.#outbox !== undefined && this.#outbox.bytes > this.config.settings.maxBufferedBytes
  }

  /** Sends the response headers, which are set already, with their status. */
  open(): void {
    const res = this.#res
    if (res instanceof ServerResponse) {
      const { socket } = res
      // Held back until the end of the tick, so that the headers are sent in one packet with what follows.
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

  /** Writes at once, after what is queued. The caller has checked that it is writable. */
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

  /** Enqueues a packet, or disconnects the client as slow if too much waits already. */
  offer(packet: Packet): void {
    // Checked before the packet is added, since one event may be larger than the limit.
    if (this.isOverfull) this.#owner.onSlow()
    else this.enqueue(packet)
  }

  /** Writes at the end of the tick, or when the socket accepts more. */
  enqueue(packet: Packet): void {
    if (this.#isOver) return
    this.collect(packet)
    const outbox = this.#outbox
    if (outbox === undefined || outbox.isFlushScheduled) return
    outbox.isFlushScheduled = true
    process.nextTick(flush, this)
  }

  /** Queues a packet that the caller will flush in this turn, unless the end of the stream flushes it first. */
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

  /** Writes what is queued, even into a full socket, and nothing after it; ends the response. */
  end(): void {
    if (this.#isOver) return
    this.isWritable = true
    this.flush()
    this.stop()
    try {
      this.#res.end()
    } catch (error) {
      // Somebody has replaced `res.end`. The response has to be over all the same.
      this.config.report(error)
      destroyResponse(this.#res)
    }
  }

  /** Writes nothing any more and releases everything. Idempotent. */
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
      // Mostly no caller could catch it: this runs at the end of a tick, or for a heartbeat.
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
    // When writes go to the socket, `drain` is emitted by the socket, not by the response.
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
