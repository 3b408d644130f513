import { startInterval } from './async-context.js'
import type { Backplane, BackplaneSink, LogEntry } from './backplane.js'
import { now } from './clock.js'
import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import { type HistoryLimits, resolveHistory } from './limits.js'
import { Log } from './log.js'
import { itemOf } from './log-item.js'

export interface MemoryBackplaneOptions {
  /** What each channel keeps. A channel without subscribers is forgotten once all of its history has expired. */
  readonly history?: HistoryLimits | undefined
}

interface Reader {
  readonly sink: BackplaneSink
  /** The position of the entry that it receives next. */
  position: number
}

/** The log of one channel in memory, and its readers. */
interface MemoryLog {
  readonly log: Log
  readonly readers: Set<Reader>
  /** How many subscriptions are receiving the history. */
  starting: number
  sequence: number
  /** The position up to which all readers have received everything. */
  delivered: number
  isDelivering: boolean
}

/**
 * A backplane within one process: for managers that share channels, for tests, and as the simplest example of the
 * contract. Its ids are `<epoch>.<sequence>`. It delivers within the call to `publish`, and a subscription is live
 * within the call to `subscribe`.
 *
 * @throws {TypeError} `history` is not an object
 * @throws {RangeError} a history limit is negative or not a number
 */
export function memoryBackplane(options: MemoryBackplaneOptions = {}): Backplane {
  const limits = resolveHistory(options.history)
  const channels = new Map<string, MemoryLog>()
  let isClosed = false
  let sweep: NodeJS.Timeout | undefined

  const open = (channel: string): MemoryLog => {
    if (isClosed) throw new SseError('ERR_SSE_CLOSED', 'the memory backplane is closed')
    let memory = channels.get(channel)
    if (memory === undefined) {
      const log = new Log(limits, newEpoch())
      memory = { log, readers: new Set(), starting: 0, sequence: 0, delivered: 0, isDelivering: false }
      channels.set(channel, memory)
    }
    memory.log.trim(now())
    return memory
  }

  const forget = (): void => {
    for (const [channel, { log, readers }] of channels) {
      log.trim(now())
      if (readers.size === 0 && log.isExpired(now())) channels.delete(channel)
    }
    if (channels.size > 0) return
    clearInterval(sweep)
    sweep = undefined
  }
  const forgetLater = (): void => {
    if (channels.size === 0 || !Number.isFinite(limits.maxAgeMs)) return
    sweep ??= startInterval(forget, Math.min(Math.max(limits.maxAgeMs + 1, MIN_SWEEP_MS), MAX_SWEEP_MS))
  }

  return {
    async publish(channel, input) {
      const memory = open(channel)
      const { log } = memory
      if (log.endPosition !== undefined)
        throw new SseError('ERR_SSE_CLOSED', `channel ${JSON.stringify(channel)} has ended`)
      const generatedId = `${log.epoch}.${memory.sequence + 1}`
      const ownId = 'event' in input ? input.event.id : undefined
      const entry: LogEntry = {
        id: ownId ?? generatedId,
        previousId: log.idBefore(log.head),
        uniqueId: ownId === undefined ? undefined : generatedId,
        at: Date.now(),
        ...input,
      }
      log.append(itemOf(entry, undefined, now()))
      memory.sequence += 1
      // If a sink publishes during a delivery, its entry comes after those that the next sinks have not received yet.
      if (!memory.isDelivering) deliver(memory)
      forgetLater()
      return entry.id
    },

    async subscribe(channel, { last }, sink) {
      const memory = open(channel)
      const { log, readers } = memory
      const start = Math.max(log.oldest, log.head - last)
      sink.origin?.(log.idBefore(start), log.uniqueIdBefore(start))
      const reader = { sink, position: start }
      // A sink may publish, which must not evict what it has not received yet.
      log.holdFrom(start)
      memory.starting += 1
      try {
        while (reader.position < log.head) give(reader, log.at(reader.position).toEntry())
      } finally {
        memory.starting -= 1
        if (memory.starting === 0) log.release()
      }
      readers.add(reader)
      return () => {
        readers.delete(reader)
        forgetLater()
      }
    },

    async read(channel, afterId, limit) {
      const { log } = open(channel)
      const start = positionAfter(log, afterId)
      if (start === undefined) return undefined
      const entries: LogEntry[] = []
      for (let position = start; position < log.head && entries.length < limit; position++) {
        entries.push(log.at(position).toEntry())
      }
      return entries
    },

    async close() {
      isClosed = true
      clearInterval(sweep)
      channels.clear()
    },
  }
}

/** The position after an id, or after a generated id in whose place the publisher's own was used. */
function positionAfter(log: Log, id: string): number | undefined {
  const known = log.positionAfter(id)
  if (known !== undefined) return known
  // Sequences count from 1, and positions from 0.
  const position = Number(id.slice(id.lastIndexOf('.') + 1))
  const isRetained = position >= log.oldest && position <= log.head
  return isRetained && id === `${log.epoch}.${position}` ? position : undefined
}

/** Delivers everything up to the head, which moves on if a reader publishes. */
function deliver(memory: MemoryLog): void {
  const { log, readers } = memory
  memory.isDelivering = true
  try {
    for (; memory.delivered < log.head; memory.delivered++) {
      const entry = log.at(memory.delivered).toEntry()
      // A reader that subscribed meanwhile may have received it already.
      for (const reader of readers) if (reader.position === memory.delivered) give(reader, entry)
    }
  } finally {
    memory.isDelivering = false
  }
  log.offer(log.head)
  log.trim(now())
}

function give(reader: Reader, entry: LogEntry): void {
  reader.position += 1
  reader.sink.entry(entry)
}

/** The longest time between two sweeps for expired channels, in ms. */
const MAX_SWEEP_MS = 60_000
/** The shortest time, in ms: history that expires at once is not worth a timer every millisecond. */
const MIN_SWEEP_MS = 1_000
