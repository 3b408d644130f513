import type { Backplane, BackplaneSink, LogEntry } from './backplane.js'
import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import { type HistoryLimits, resolveHistory } from './limits.js'
import { Log } from './log.js'
import { itemOf } from './log-item.js'

export interface MemoryBackplaneOptions {
  /** What each channel keeps. A channel that nobody subscribes to is forgotten once all of it has expired. */
  readonly history?: HistoryLimits | undefined
}

/** The log of one channel in memory, and who reads it. */
interface MemoryLog {
  readonly log: Log
  readonly sinks: Set<BackplaneSink>
  sequence: number
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
      memory = { log: new Log(limits, newEpoch()), sinks: new Set(), sequence: 0 }
      channels.set(channel, memory)
    }
    memory.log.trim(Date.now())
    return memory
  }

  const forget = (): void => {
    sweep = undefined
    for (const [channel, { log, sinks }] of channels) {
      log.trim(Date.now())
      if (sinks.size === 0 && log.isExpired(Date.now())) channels.delete(channel)
    }
    forgetLater()
  }
  const forgetLater = (): void => {
    if (channels.size === 0 || sweep !== undefined || !Number.isFinite(limits.maxAgeMs)) return
    sweep = setTimeout(forget, Math.min(limits.maxAgeMs + 1, MAX_SWEEP_MS))
    sweep.unref()
  }

  return {
    async publish(channel, input) {
      const memory = open(channel)
      const { log, sinks } = memory
      if (log.endPosition !== undefined)
        throw new SseError('ERR_SSE_CLOSED', `channel ${JSON.stringify(channel)} has ended`)
      const id = ('event' in input ? input.event.id : undefined) ?? `${log.epoch}.${memory.sequence + 1}`
      const entry: LogEntry = { id, previousId: log.idBefore(log.head), at: Date.now(), ...input }
      log.append(itemOf(entry))
      memory.sequence += 1
      // Nobody reads from a place here.
      log.offer(log.head)
      log.trim(entry.at)
      for (const sink of sinks) sink.entry(entry)
      forgetLater()
      return id
    },

    async subscribe(channel, { last }, sink) {
      const { log, sinks } = open(channel)
      const start = Math.max(log.oldest, log.head - last)
      sink.origin?.(log.idBefore(start))
      for (let position = start; position < log.head; position++) sink.entry(log.at(position).toEntry())
      sinks.add(sink)
      return () => {
        sinks.delete(sink)
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
      clearTimeout(sweep)
      channels.clear()
    },
  }
}

/** How long a forgotten channel may linger at most, whatever its history's age. */
const MAX_SWEEP_MS = 60_000
