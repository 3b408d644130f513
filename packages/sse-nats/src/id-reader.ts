import { Coalescer, type LogEntry } from '@ssekit/sse-core'
import type { Backlog, MessageMeta } from './backlog.js'
import type { History } from './history.js'
import { uniqueIdOf } from './messages.js'
import { formatPlace, type Origin, originOf, type Place } from './place.js'
import type { Stream } from './stream.js'
import type { StreamSnapshot } from './stream-state.js'

const ID = /^[!-~]{1,128}$/
const GENERATED = /^(0|[1-9]\d{0,15})-([A-Za-z0-9._-]+)$/

interface FoundPlace extends Place {
  /** Whether the stream has a message there, unless it has lost it since. */
  readonly hasMessage: boolean
}

/** Reads from the ids that clients reconnect with. */
export class IdReader {
  readonly #stream: Stream
  readonly #history: History
  readonly #backlog: Backlog
  // Each unknown id is searched for in the whole channel, and there can be many.
  readonly #searching = new Coalescer<readonly MessageMeta[]>()

  constructor(stream: Stream, history: History, backlog: Backlog) {
    this.#stream = stream
    this.#history = history
    this.#backlog = backlog
  }

  /** As `Backplane.read`. */
  async read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined> {
    const found = await this.#find(channel, afterId)
    if (found === undefined) return undefined
    const { epoch, sequence, hasMessage } = found
    const entries = await this.#history.after(channel, formatPlace(epoch, sequence), limit)
    // Whoever removes messages begins with the oldest ones. So if this one is still there, those after it were all read.
    if (entries === undefined || (hasMessage && (await this.#stream.at(sequence)) === undefined)) return undefined
    return entries.map(({ entry }) => entry)
  }

  /**
   * The place after the oldest entry with that id. Whether the stream still has everything since then is not checked
   * here.
   */
  async #find(channel: string, id: string): Promise<FoundPlace | undefined> {
    if (!ID.test(id)) return undefined
    const [, digits, mark] = GENERATED.exec(id) ?? []
    const { subjects } = this.#stream
    const events = subjects.events(channel)
    const snapshot = await this.#stream.refresh()
    const { epoch } = snapshot
    if (digits !== undefined && mark !== undefined) {
      const sequence = Number(digits)
      const origin = originOf(sequence, mark, snapshot.created)
      // The read itself shows whether the stream still has what came after it.
      if (origin !== undefined)
        return (await this.#isOf(snapshot, origin, events)) ? { epoch, sequence, hasMessage: false } : undefined
      const message = await this.#stream.at(sequence)
      const isOurs = message?.subject === events || message?.subject === subjects.end(channel)
      if (message !== undefined && isOurs && uniqueIdOf(message) === id) return { epoch, sequence, hasMessage: true }
    }
    const metas = await this.#searching.ask(channel, async () => {
      const newest = await this.#stream.last(events)
      return newest === undefined ? [] : this.#backlog.metas(events, 0, newest.sequence)
    })
    const found = metas.find(({ ownId }) => ownId === id)
    return found && { epoch, sequence: found.sequence, hasMessage: true }
  }

  /** Whether a place without an entry belongs to this epoch: then the stream's messages before it are older. */
  async #isOf({ lastSequence }: StreamSnapshot, { sequence, time }: Origin, events: string): Promise<boolean> {
    if (sequence > lastSequence) return false
    if (sequence === 0) return true
    const [there, oldest] = await Promise.all([this.#stream.at(sequence), this.#stream.next(events, 0)])
    const before = [there, oldest].filter((message) => message !== undefined && message.sequence <= sequence)
    return before.every((message) => (message?.at ?? 0) <= time)
  }
}
