import { isLater } from './entries.js'

/** A place of a log, and its id. */
export interface PlacedId {
  readonly place: string
  readonly id: string
}

/** What one page of a search has found. */
export interface OwnIdPage {
  /** The newest place of the log. */
  readonly tail: PlacedId
  /** The place before the first entry, `''` if it is unknown. */
  readonly before: PlacedId
  /** The stream id of the first entry, `''` if there is none. */
  readonly first: string
  /** Whether the page continues the one before it. Otherwise the log has lost that one's entries, and this page begins anew. */
  readonly continues: boolean
  /** The place of the last entry that it looked at, `''` if there is none. */
  readonly end: string
  /** Whether the log had no more entries. */
  readonly isLast: boolean
  /** Places and their ids in turn, oldest first. */
  readonly found: readonly string[]
}

/** The ids that publishers gave to the entries of one log, as far as it has been searched. */
export class OwnIds {
  // In the order of the log. Entries that it has trimmed are removed.
  readonly #found: PlacedId[] = []
  readonly #places = new Map<string, string[]>()
  #page: OwnIdPage | undefined

  /** The place of the last entry that was looked at; `''` if there is none. */
  get end(): string {
    return this.#page?.end ?? ''
  }

  get size(): number {
    return this.#found.length
  }

  /** Whether everything up to a place has been looked at. */
  reaches(place: string): boolean {
    return this.#page === undefined || this.#page.isLast || !isLater(place, this.end)
  }

  /** Adds the page that comes after `end`; undefined if there is no log. */
  take(page: OwnIdPage | undefined): void {
    this.#page = page
    if (page?.continues === true) this.#drop(this.#trimmed(page.first))
    else this.#drop(this.size)
    const { found = [] } = page ?? {}
    for (let index = 0; index < found.length; index += 2) this.#add(found[index] as string, found[index + 1] as string)
  }

  /** The places with an id, oldest first. By now the log may have lost some of them. */
  placesOf(id: string): readonly string[] {
    const places = [...(this.#places.get(id) ?? [])]
    if (this.#page?.before.id === id) places.unshift(this.#page.before.place)
    // If the log has expired, only its tail tells of the newest entry.
    if (this.#page?.tail.id === id) places.push(this.#page.tail.place)
    return places
  }

  #add(place: string, id: string): void {
    this.#found.push({ place, id })
    const places = this.#places.get(id)
    if (places === undefined) this.#places.set(id, [place])
    else places.push(place)
  }

  /** How many of the oldest the log does not have any more. @param first the stream id of its first entry */
  #trimmed(first: string): number {
    const kept = first === '' ? -1 : this.#found.findIndex(({ place }) => !isLater(first, place))
    return kept === -1 ? this.size : kept
  }

  #drop(count: number): void {
    for (const { id } of this.#found.splice(0, count)) {
      const places = this.#places.get(id)
      places?.shift()
      if (places?.length === 0) this.#places.delete(id)
    }
  }
}
