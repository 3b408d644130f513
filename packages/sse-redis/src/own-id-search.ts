import { setTimeout as sleep } from 'node:timers/promises'
import { Coalescer } from '@ssekit/sse-core'
import type { RedisConnection } from './connection.js'
import type { ChannelKeys } from './keys.js'
import { type OwnIdPage, OwnIds } from './own-ids.js'
import { OWN_IDS } from './read-scripts.js'

/** How much one page looks at. The server answers nobody else meanwhile: about half a millisecond. */
const PAGE_ENTRIES = 200
const PAGE_BYTES = 256 * 1024

/** How many ids all channels of a process may remember together. */
const MAX_REMEMBERED = 50_000

/** Pages that are requested one after the other. */
interface Turns {
  last: Promise<unknown>
}

interface Remembered {
  readonly ids: OwnIds
  readonly count: number
}

/**
 * Searches the logs for ids that publishers chose themselves. Anyone can request unknown ids, each of which may be anywhere in the log,
 * and Redis can only read entries together with their payloads. So one search answers all requests of a channel, and its result is
 * remembered: each entry is looked at once, however many ids are requested.
 */
export class OwnIdSearch {
  readonly #connection: RedisConnection
  readonly #keys: (channel: string) => ChannelKeys
  readonly #searches = new Coalescer<OwnIds>()
  // The channel that was searched longest ago comes first.
  readonly #remembered = new Map<string, Remembered>()
  #count = 0
  readonly #turns: Turns = { last: Promise.resolve() }

  constructor(connection: RedisConnection, keys: (channel: string) => ChannelKeys) {
    this.#connection = connection
    this.#keys = keys
  }

  /** The places that have an id which was not made here, the oldest first. */
  async placesOf(channel: string, id: string): Promise<readonly string[]> {
    const ids = await this.#searches.ask(channel, () => this.#search(channel))
    return ids.placesOf(id)
  }

  /** Frees the memory that a channel takes. */
  forget(channel: string): void {
    const remembered = this.#remembered.get(channel)
    if (remembered === undefined) return
    this.#remembered.delete(channel)
    this.#count -= remembered.count
  }

  async #search(channel: string): Promise<OwnIds> {
    const ids = this.#remembered.get(channel)?.ids ?? new OwnIds()
    this.forget(channel)
    // In a cluster a server that does not answer must not hold up the channels of the others.
    const turns = this.#connection.isCluster ? { last: Promise.resolve() } : this.#turns
    try {
      let newest: string | undefined
      // No further than to what was the newest entry at first. Otherwise it might never end while others publish.
      while (newest === undefined || !ids.reaches(newest)) {
        const page = await this.#nextPage(turns, channel, ids.end)
        newest ??= page?.tail.place ?? ''
        ids.take(page)
      }
    } finally {
      this.#remember(channel, ids)
    }
    return ids
  }

  #remember(channel: string, ids: OwnIds): void {
    this.forget(channel)
    // A channel without any such id takes some memory too.
    const count = ids.size + 1
    this.#remembered.set(channel, { ids, count })
    this.#count += count
    for (const other of this.#remembered.keys()) {
      if (this.#count <= MAX_REMEMBERED || other === channel) break
      this.forget(other)
    }
  }

  /**
   * Requests a page when its turn has come. The pages of many channels must not block the server together. And where more
   * ids are in use than can be remembered, searches must not keep it busy: between two pages it has as much time for
   * others.
   */
  #nextPage(turns: Turns, channel: string, after: string): Promise<OwnIdPage | undefined> {
    let startedAt = 0
    const page = turns.last.then(() => {
      startedAt = performance.now()
      return this.#page(channel, after)
    })
    turns.last = page.then(
      () => sleep(performance.now() - startedAt, undefined, { ref: false }),
      () => {},
    )
    return page
  }

  async #page(channel: string, after: string): Promise<OwnIdPage | undefined> {
    const { log, tail } = this.#keys(channel)
    const args = [after, String(PAGE_ENTRIES), String(PAGE_BYTES)]
    const answer = await this.#connection.run(OWN_IDS, [log, tail], args)
    if (answer === null || answer === undefined || answer === false) return undefined
    const [tailPlace, tailId, beforePlace, beforeId, first, continues, end, isLast, found] = answer as unknown[]
    return {
      tail: { place: String(tailPlace), id: String(tailId) },
      before: { place: String(beforePlace), id: String(beforeId) },
      first: String(first),
      continues: Number(continues) === 1,
      end: String(end),
      isLast: Number(isLast) === 1,
      found: (found as unknown[]).map(String),
    }
  }
}
