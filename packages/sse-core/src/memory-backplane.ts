import { startInterval } from './async-context.js'
import type { Backplane, BackplaneSink, LogEntry } from './backplane.js'
import { now } from './clock.js'
import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import { type HistoryLimits, resolveHistory } from './limits.js'
import { Log } from './log.js'
import { itemOf } from './log-item.js'

export interface MemoryBackplaneOptions {
  /** What each channel keeps. A channel that nobody subscribes to is forgotten once all of it has expired. */
  readonly history?: HistoryLimits | undefined
}

interface Reader {
  readonly sink: BackplaneSink
  /** The position of what is delivered to it next. */
  position: number
}

/** The log of one channel in memory, and who reads it. */
interface MemoryLog {
  readonly log: Log
  readonly readers: Set<Reader>
  sequence: number
  /** The position up to which all readers have had everything. */
  delivered: number
  isDelivering: boolean
}

/**
 * A backplane within one process: for managers that share channels, for tests, and as the plainest example of the contract.
 * Its ids are `<epoch>.<sequence>`. It delivers within the call to `publish`, and is live within the call to `subscribe`.
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
      memory = { log: new Log(limits, newEpoch()), readers: new Set(), sequence: 0, delivered: 0, isDelivering: false }
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
      const id = ('event' in input ? input.event.id : undefined) ?? `${log.epoch}.${memory.sequence + 1}`
      const entry: LogEntry = { id, previousId: log.idBefore(log.head), at: Date.now(), ...input }
      log.append(itemOf(entry, undefined, now()))
      memory.sequence += 1
      // What a sink publishes while it is delivered to comes behind what the sinks after it have not had yet.
      if (!memory.isDelivering) deliver(memory)
      forgetLater()
      return id
    },

    async subscribe(channel, { last }, sink) {
      const { log, readers } = open(channel)
      const start = Math.max(log.oldest, log.head - last)
      sink.origin?.(log.idBefore(start))
      const reader = { sink, position: start }
      while (reader.position < log.head) give(reader, log.at(reader.position).toEntry())
      readers.add(reader)
      return () => {
        readers.delete(reader)
        forgetLater()
      }
    },

    async read(channel, afterId, limit) {
      const { log } = open(channel)
      const start = log.positionAfter(afterId)
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

/** Brings all readers to the head, which moves on if one of them publishes. */
function deliver(memory: MemoryLog): void {
  const { log, readers } = memory
  memory.isDelivering = true
  try {
    for (; memory.delivered < log.head; memory.delivered++) {
      const entry = log.at(memory.delivered).toEntry()
      // Who has come meanwhile may have had it already.
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

/** How long a forgotten channel may linger at most, whatever its history's age. */
const MAX_SWEEP_MS = 60_000
/** What expires at once is not worth a timer each millisecond. */
const MIN_SWEEP_MS = 1_000
