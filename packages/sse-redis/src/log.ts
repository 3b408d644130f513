import type { LogEntry, LogNews, LogStretch, PlacedEntry, SharedLog } from '@ssekit/sse-core'
import type { Bell } from './bell.js'
import type { RedisConnection } from './connection.js'
import { decodeAll, idBefore, isId, isLater, looksMadeHere, notifiedOf, storedOf } from './entries.js'
import type { ChannelKeys } from './keys.js'
import { OwnIdSearch } from './own-id-search.js'
import { AFTER_PLACE, NEWEST, TAILS } from './read-scripts.js'
import type { Retention } from './retention.js'

/** The most that one answer holds. The next question requests the rest. */
const PAGE_ENTRIES = 500
const PAGE_BYTES = 1024 * 1024

export interface RedisLogOptions {
  readonly connection: RedisConnection
  readonly keys: (channel: string) => ChannelKeys
  readonly retention: Retention
  readonly bell: Bell
  /** What this process calls a place without an entry. */
  readonly name: string
}

/** The channels' logs at the server. */
export class RedisLog implements SharedLog {
  /** In a cluster all keys of a command must be in one slot. */
  readonly isSpread: boolean
  readonly #options: RedisLogOptions
  readonly #ownIds: OwnIdSearch

  constructor(options: RedisLogOptions) {
    this.#options = options
    this.isSpread = options.connection.isCluster
    this.#ownIds = new OwnIdSearch(options.connection, options.keys)
  }

  async newest(channel: string, last: number, maxBytes: number): Promise<LogStretch> {
    const { connection, keys, retention, name } = this.#options
    const { log, tail } = keys(channel)
    const args = [String(last), String(maxBytes), retention.keepTailMs, name]
    const answer = (await connection.run(NEWEST, [log, tail], args)) as [unknown, unknown, unknown[], unknown, unknown]
    const [place, originId, rows, now, originPlace] = answer
    const stored = rows.map(storedOf)
    const [first] = stored
    const before = String(originId) || (first && idBefore(first.streamId, first.mark)) || String(place)
    // The place names an entry alone; its publisher may have chosen the id.
    const originUniqueId = originPlace === '' || originPlace === originId ? undefined : String(originPlace)
    const entries = decodeAll(stored, before)
    return { place: String(place), originId: before, originUniqueId, entries, now: Number(now) }
  }

  async after(channel: string, place: string): Promise<readonly PlacedEntry[] | undefined> {
    return (await this.#page(channel, place, PAGE_ENTRIES))?.entries
  }

  async tails(channels: readonly string[]): Promise<(string | undefined)[]> {
    const { connection, keys, retention } = this.#options
    // Reading a tail extends its life, so a channel may be quiet for longer than its history is kept. One command for all costs far
    // less than one each.
    const all = channels.map((channel) => keys(channel).tail)
    const tails = (await connection.run(TAILS, all, [retention.keepTailMs])) as unknown[]
    return tails.map((tail) => (tail === null ? undefined : String(tail).split(' ', 1)[0]))
  }

  isLater(place: string, than: string): boolean {
    return isLater(place, than)
  }

  listen(channel: string): Promise<void> {
    return this.#options.bell.listen(channel)
  }

  unlisten(channel: string): void {
    this.#options.bell.unlisten(channel)
    this.#ownIds.forget(channel)
  }

  async read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined> {
    if (!isId(afterId)) return undefined
    // An id that was made here is also the place of its entry, even if a publisher gave the entry another one.
    const page = looksMadeHere(afterId) ? await this.#page(channel, afterId, limit) : undefined
    if (page !== undefined) return page.entries.map(({ entry }) => entry)
    return this.#after(channel, await this.#ownIds.placesOf(channel, afterId), afterId, limit)
  }

  /** Entries after the first of some places that the log has and that has this id. */
  async #after(channel: string, places: readonly string[], id: string, limit: number): Promise<LogEntry[] | undefined> {
    for (const place of places) {
      const page = await this.#page(channel, place, limit)
      if (page?.beforeId === id) return page.entries.map(({ entry }) => entry)
    }
    return undefined
  }

  async #page(channel: string, place: string, limit: number): Promise<Page | undefined> {
    const { connection, keys } = this.#options
    const { log, tail } = keys(channel)
    const answer = await connection.run(AFTER_PLACE, [log, tail], [place, String(limit), String(PAGE_BYTES)])
    if (answer === null || answer === undefined || answer === false) return undefined
    const [id, rows] = answer as [unknown, unknown[]]
    const beforeId = String(id)
    return { beforeId, entries: decodeAll(rows.map(storedOf), beforeId) }
  }
}

/** Entries after a place of a log, and the id of that place. */
interface Page {
  readonly beforeId: string
  readonly entries: readonly PlacedEntry[]
}

/** The contents of a message; undefined if it is not one of ours. */
export function newsOf(message: string): LogNews | undefined {
  try {
    const [after, afterId, mark, ids, values] = JSON.parse(message) as [string, string, string, string[], unknown[]]
    const stored = ids.map((streamId, index) => notifiedOf(streamId, mark, values[index]))
    return { after, entries: decodeAll(stored, afterId || undefined), bytes: message.length }
  } catch {
    return undefined
  }
}
