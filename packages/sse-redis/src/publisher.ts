import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type LogInput, SseError } from '@ssekit/sse-core'
import { APPEND } from './append-script.js'
import type { RedisConnection } from './connection.js'
import { encode, idOf } from './entries.js'
import type { ChannelKeys } from './keys.js'
import { Outbox, Outgoing, tooLate } from './outbox.js'
import type { Retention } from './retention.js'
import { isTransient } from './transient-errors.js'

export interface PublisherOptions {
  readonly connection: RedisConnection
  readonly keys: (channel: string) => ChannelKeys
  readonly retention: Retention
  readonly sharded: boolean
  readonly timeoutMs: number
  readonly maxBufferedBytes: number
}

/** What a waiting event counts besides its JSON, in bytes: its promises and records take about that much, or more. */
const EVENT_BYTES = 500

const MIN_RETRY_MS = 20
const MAX_RETRY_MS = 500

/** How long the server remembers a batch at least, in ms, so that a repeated command does not append it again. */
const MIN_RECORD_MS = 60_000

/**
 * Appends to the channels' logs. A command whose answer was lost is repeated under the same number until its time is up. The script
 * appends nothing twice.
 */
export class Publisher {
  readonly #options: PublisherOptions
  // Names this process in marks and records. It is new with each process, as batch numbers start over.
  readonly #name = randomBytes(6).toString('base64url').replaceAll('-', '_')
  readonly #outboxes = new Map<string, Outbox>()
  readonly #commonArgs: readonly string[]
  #batches = 0
  #bufferedBytes = 0
  // How far the server's clock is ahead of ours, in ms; undefined until it has answered.
  #serverAheadMs: number | undefined

  constructor(options: PublisherOptions) {
    this.#options = options
    const { retention, timeoutMs, sharded } = options
    const recordMs = Math.max(MIN_RECORD_MS, 2 * timeoutMs)
    this.#commonArgs = [String(recordMs), ...retention.args, sharded ? '1' : '']
  }

  /** As `Backplane.publish`. */
  publish(channel: string, input: LogInput): Promise<string> {
    const { timeoutMs, maxBufferedBytes } = this.#options
    const ownId = ('event' in input ? input.event.id : undefined) ?? ''
    const outgoing = new Outgoing(ownId, encode(input), performance.now() + timeoutMs)
    const bytes = outgoing.bytes + EVENT_BYTES
    if (this.#bufferedBytes > 0 && this.#bufferedBytes + bytes > maxBufferedBytes) {
      const waiting = `more than ${maxBufferedBytes} bytes (maxBufferedBytes) would wait for Redis`
      return Promise.reject(new SseError('ERR_SSE_LIMIT', waiting))
    }
    this.#bufferedBytes += bytes
    this.#outbox(channel).add(outgoing)
    return outgoing.id.finally(() => {
      this.#bufferedBytes -= bytes
    })
  }

  /** Resolves once all published entries are settled, after `timeoutMs` at most. */
  async idle(): Promise<void> {
    await Promise.all([...this.#outboxes.values()].map((outbox) => outbox.settled()))
  }

  #outbox(channel: string): Outbox {
    let outbox = this.#outboxes.get(channel)
    if (outbox === undefined) {
      outbox = new Outbox({
        timeoutMs: this.#options.timeoutMs,
        send: (batch) => this.#send(channel, batch),
        onEmpty: () => this.#outboxes.delete(channel),
      })
      this.#outboxes.set(channel, outbox)
    }
    return outbox
  }

  async #send(channel: string, batch: readonly Outgoing[]): Promise<void> {
    let rest = batch
    // A batch is refused when the time of its first entry is up. The rest is sent again without it.
    while (rest.length > 0) {
      await this.#append(channel, rest)
      rest = rest.filter(({ isSettled }) => !isSettled)
    }
  }

  /** Appends a batch and settles all of it, or part of it if the server says that it came too late. */
  async #append(channel: string, batch: readonly Outgoing[]): Promise<void> {
    this.#batches += 1
    const mark = `${this.#name}.${this.#batches.toString(36)}`
    try {
      const [status, ...streamIds] = await this.#ask(channel, this.#batches, mark, batch)
      if (status === 'ok') {
        for (const [index, outgoing] of batch.entries()) settle(channel, outgoing, streamIds[index], mark)
      } else {
        const now = performance.now()
        for (const each of batch) if (each.deadline <= now) each.reject(tooLate(this.#options.timeoutMs))
      }
    } catch (error) {
      for (const outgoing of batch) outgoing.reject(error as SseError)
    }
  }

  /** Repeats the command until it is answered. @throws {SseError} the time of all entries is up, or Redis refuses them */
  async #ask(channel: string, number: number, mark: string, batch: readonly Outgoing[]): Promise<string[]> {
    const { connection, keys, timeoutMs } = this.#options
    const { log, tail, published } = keys(channel)
    const [first, last] = [batch[0] as Outgoing, batch.at(-1) as Outgoing]
    const outbox = this.#outbox(channel)
    const entries = batch.flatMap(({ ownId, json }) => [ownId, json])
    for (let retryMs = MIN_RETRY_MS; ; retryMs = Math.min(MAX_RETRY_MS, retryMs * 2)) {
      const deadline = this.#serverTime(first.deadline)
      // A command without a deadline could run after its entries' time is up. So the first command only requests the server's time.
      const brought = deadline === '' ? [] : entries
      const args = [String(number), mark, deadline, ...this.#commonArgs, ...brought]
      let answer: string[] | undefined
      let cause: unknown
      try {
        // If the time is up meanwhile, the outbox rejects the entries. This still waits: the client holds the command, and another one
        // would only queue after it. The server's time is read from late answers too. Otherwise, if all of them are late, entries could
        // be stored that were already refused.
        answer = this.#read(await connection.run(APPEND, [log, tail, published(this.#name)], args))
      } catch (error) {
        cause = error
      }
      outbox.lastError = cause
      if (last.isSettled) throw tooLate(timeoutMs, cause)
      if (answer !== undefined) return answer
      if (!isTransient(cause)) throw new SseError('ERR_SSE_BACKPLANE', 'Redis refused the event', { cause })
      await delay(Math.min(retryMs, Math.max(0, last.deadline - performance.now())))
      if (last.isSettled) throw tooLate(timeoutMs, cause)
    }
  }

  /** Converts a time of `performance.now()` to the server's clock; '' if that is not known yet. */
  #serverTime(time: number): string {
    if (this.#serverAheadMs === undefined) return ''
    return String(Math.floor(Date.now() + time - performance.now() + this.#serverAheadMs))
  }

  #read(answer: unknown): string[] {
    const [status, time, streamIds = ''] = (answer as unknown[]).map(String)
    this.#serverAheadMs = Number(time) - Date.now()
    return [status as string, ...streamIds.split(',')]
  }
}

/** @param streamId `''` if the channel had already ended */
function settle(channel: string, outgoing: Outgoing, streamId: string | undefined, mark: string): void {
  if (streamId) outgoing.resolve(outgoing.ownId || idOf(streamId, mark))
  else outgoing.reject(new SseError('ERR_SSE_CLOSED', `channel ${JSON.stringify(channel)} has ended`))
}
