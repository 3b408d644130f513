import type { Logs } from './logs.js'
import { partOf, type Seen, type Stored, type Transcript } from './transcript.js'

/** What happened, apart from the clients. */
export interface Truth {
  readonly logs: Logs
  /** What was published, whether it was accepted or not. */
  readonly published: ReadonlySet<number>
  /** The last event of each channel, which every client must have received at the end. */
  readonly last: ReadonlyMap<string, number>
  /** Whether events were evicted or lost: then a client may get a gap, and the logs do not have all that was received. */
  readonly mayHaveGaps: boolean
}

/**
 * Where a client did not get exactly the events after its first one, once and in the order of the log, or after a gap those that
 * follow the gap.
 */
export function violationsOf(transcript: Transcript, truth: Truth): string[] {
  const readings = new Map(transcript.channels.map((channel) => [channel, new Reading(channel, transcript, truth)]))
  const violations: string[] = []
  for (const seen of transcript.seen) {
    if ('channel' in seen && !readings.has(seen.channel)) violations.push(`${show(seen)} of a foreign channel`)
    for (const reading of readings.values()) {
      const violation = reading.read(seen)
      if (violation !== undefined) violations.push(violation)
    }
  }
  for (const reading of readings.values())
    if (!reading.isComplete) violations.push(`${reading.place}, and then nothing`)
  return violations
}

/** A client's position in the log of one of its channels. */
class Reading {
  readonly #channel: string
  readonly #transcript: Transcript
  readonly #truth: Truth
  readonly #log: readonly Stored[]
  readonly #indexes: ReadonlyMap<number, number>
  readonly #ids: ReadonlyMap<string, number>
  /** The index of the newest event that it has received or has been told to have missed; undefined if it is anywhere. */
  #index: number | undefined
  /** What has come since it began anew. */
  #received = new Set<number>()

  constructor(channel: string, transcript: Transcript, truth: Truth) {
    this.#channel = channel
    this.#transcript = transcript
    this.#truth = truth
    this.#log = truth.logs.get(channel) ?? []
    this.#indexes = new Map(this.#log.map(({ number }, index) => [number, index]))
    this.#ids = new Map(this.#log.map(({ id }, index) => [id, index]))
  }

  get place(): string {
    return `${this.#channel}: after ${this.#index === undefined ? 'nothing' : show(this.#log[this.#index])}`
  }

  get isComplete(): boolean {
    return this.#received.has(this.#truth.last.get(this.#channel) ?? Number.NaN)
  }

  /** Returns what is wrong with it. */
  read(seen: Seen): string | undefined {
    // The id of a stream of several channels names the positions in the others too.
    if ('channel' in seen && seen.channel !== this.#channel) return this.#pass(seen)
    switch (seen.kind) {
      case 'opened':
        // A server that cannot reach its broker says so; everything else is a mistake.
        if (seen.status !== 200 && seen.status !== 503) return `status ${seen.status}`
        if (seen.lastEventId === '') this.#beginAnew()
        return undefined
      case 'gap':
        if (!this.#truth.mayHaveGaps) return `${this.place}: ${show(seen)}`
        // All that is retained follows, and the client has to load its state again.
        this.#beginAnew()
        this.#index = this.#indexOf(seen.id)
        return undefined
      case 'checkpoint':
        return this.#pass(seen)
      case 'event':
        return this.#receive(seen)
    }
  }

  #beginAnew(): void {
    this.#index = undefined
    this.#received = new Set()
  }

  #receive(seen: Seen & { readonly kind: 'event' }): string | undefined {
    const { number, id } = seen
    if (!this.#truth.published.has(number)) return `${show(seen)}, which nobody published`
    if (!this.#wants(number)) return `${show(seen)}, which its filter excludes`
    const index = this.#indexes.get(number)
    if (index === undefined) return this.#truth.mayHaveGaps ? undefined : `${show(seen)}, which is not in the log`
    if (this.#received.has(number)) return `${this.place}: ${show(seen)} again`
    this.#received.add(number)
    const stored = this.#log[index]
    const problem =
      stored?.id !== this.#partOf(id)
        ? `${show(seen)}, which has another id: ${show(stored)}`
        : this.#moveTo(index, seen)
    this.#index = Math.max(index, this.#index ?? 0)
    return problem
  }

  /** An id says that what it passes over does not concern the client. */
  #pass(seen: Exclude<Seen, { readonly kind: 'opened' }>): string | undefined {
    const index = this.#indexOf(seen.id)
    if (index === undefined || index === this.#index) return undefined
    const problem =
      index < (this.#index ?? -1) ? `${this.place}: ${show(seen)}, which is older` : this.#lost(index + 1, seen)
    this.#index = index
    return problem
  }

  /** Where the log has the position that an id names; undefined if it has not. */
  #indexOf(id: string): number | undefined {
    return this.#ids.get(this.#partOf(id))
  }

  #partOf(id: string): string {
    return partOf(id, this.#channel, this.#transcript)
  }

  #moveTo(index: number, seen: Seen): string | undefined {
    if (index <= (this.#index ?? -1)) return `${this.place}: ${show(seen)}, which is older`
    return this.#lost(index, seen)
  }

  #lost(end: number, seen: Seen): string | undefined {
    if (this.#index === undefined) return undefined
    const missing = this.#log
      .slice(this.#index + 1, end)
      .filter(({ number }) => this.#wants(number) && !this.#received.has(number))
    if (missing.length === 0) return undefined
    return `${this.place}: ${show(seen)}, without ${missing.length} between, such as ${show(missing[0])}`
  }

  #wants(number: number): boolean {
    return number % this.#transcript.every === 0
  }
}

function show(value: unknown): string {
  return JSON.stringify(value)
}
