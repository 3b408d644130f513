import type { Backplane, BackplaneSink, LogEntry, Unsubscribe } from './backplane.js'
import type { Log } from './log.js'
import { gapItem, isId, itemOf, type LogItem } from './log-item.js'

type Report = (error: unknown) => void

/** How many entries are read at once of what is older than the log. */
const PAGE_SIZE = 100

/** What a backplane has of one channel, as items of this node's log. */
export class Intake {
  readonly #backplane: Backplane
  readonly #channel: string
  readonly #report: Report

  /** @param report hears of entries that cannot be written */
  constructor(backplane: Backplane, channel: string, report: Report) {
    this.#backplane = backplane
    this.#channel = channel
    this.#report = report
  }

  /** Subscribes for a log that is to be filled: each item goes to `append`. A backplane that throws is as one that rejects. */
  subscribe(log: Log, append: (item: LogItem) => void): Promise<Unsubscribe> {
    const { maxEvents, maxBytes } = log.limits
    const last = Math.min(maxEvents, Number.MAX_SAFE_INTEGER)
    const sink: BackplaneSink = {
      entry: (entry) => {
        if (entry.previousId !== undefined) log.startAfter(entry.previousId)
        append(this.#itemOf(entry))
      },
      gap: (id) => append(gapItem(id !== undefined && isId(id) ? id : undefined)),
      origin: (id) => log.startAfter(id),
    }
    // No async function, which would make each log ready later.
    try {
      return Promise.resolve(this.#backplane.subscribe(this.#channel, { last, maxBytes }, sink))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The next of the items after an id; undefined where that place is not kept. */
  async readPast(afterId: string): Promise<LogItem[] | undefined> {
    const entries = await this.#backplane.read(this.#channel, afterId, PAGE_SIZE)
    return entries?.map((entry) => this.#itemOf(entry))
  }

  #itemOf(entry: LogEntry): LogItem {
    try {
      return itemOf(entry)
    } catch (error) {
      // What another program put on the broker must not stop the channel; its place is a gap.
      this.#report(error)
      return gapItem(isId(entry.id) ? entry.id : undefined)
    }
  }
}
