import type { Backplane, BackplaneSink, LogEntry, Unsubscribe } from './backplane.js'
import type { Log } from './log.js'
import { gapItem, isId, itemOf, type LogItem } from './log-item.js'
import type { ErrorListener } from './report.js'

/** How many entries that are older than the log are read at once, and of how many bytes: slow readers keep them for long. */
const MAX_PAGE_SIZE = 100
const PAGE_BYTES = 128 * 1024

/** Reads one channel of a backplane, as items for this node's log. */
export class Intake {
  readonly #backplane: Backplane
  readonly #channel: string
  readonly #report: ErrorListener
  // How many of the entries that were read last fit into a page.
  #pageSize = MAX_PAGE_SIZE

  /** @param report called with the error of an entry that cannot be written */
  constructor(backplane: Backplane, channel: string, report: ErrorListener) {
    this.#backplane = backplane
    this.#channel = channel
    this.#report = report
  }

  /** Subscribes to fill a log: each item goes to `append`. If the backplane throws, the promise rejects. */
  subscribe(log: Log, append: (item: LogItem) => void): Promise<Unsubscribe> {
    const { maxEvents, maxBytes } = log.limits
    const last = Math.min(maxEvents, Number.MAX_SAFE_INTEGER)
    const sink: BackplaneSink = {
      entry: (entry) => {
        if (entry.previousId !== undefined) log.startAfter(entry.previousId)
        append(this.#itemOf(entry))
      },
      gap: (id) => append(gapItem(id !== undefined && isId(id) ? id : undefined)),
      origin: (id, uniqueId) => log.startAfter(id, uniqueId),
    }
    // Not an async function, which would make each log ready later.
    try {
      return Promise.resolve(this.#backplane.subscribe(this.#channel, { last, maxBytes }, sink))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Reads the next items after an id; undefined if the backplane does not have that position. */
  async readPast(afterId: string): Promise<LogItem[] | undefined> {
    const entries = await this.#backplane.read(this.#channel, afterId, this.#pageSize)
    if (entries === undefined) return undefined
    const page: LogItem[] = []
    let bytes = 0
    for (const entry of entries) {
      const item = this.#itemOf(entry)
      page.push(item)
      bytes += item.frame?.size ?? 0
      if (bytes >= PAGE_BYTES) break
    }
    const fitting = Math.floor((PAGE_BYTES * page.length) / Math.max(bytes, 1))
    if (page.length > 0) this.#pageSize = Math.min(MAX_PAGE_SIZE, Math.max(1, fitting))
    return page
  }

  #itemOf(entry: LogEntry): LogItem {
    try {
      return itemOf(entry)
    } catch (error) {
      // An entry that another program put on the broker must not stop the channel: a gap takes its place.
      this.#report(error)
      return gapItem(isId(entry.id) ? entry.id : undefined)
    }
  }
}
