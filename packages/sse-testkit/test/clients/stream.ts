/** What a client has received as one event. */
export interface Received {
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

/** What happened to one EventSource, in order: `open`, each event by its type, `error`. */
export type Happening = 'open' | 'error' | Received

/** One EventSource of whatever make, and everything that it has seen. */
export class ClientStream {
  readonly happenings: Happening[] = []
  /** Whether it has given up for good. */
  isClosed = false
  readonly #end: () => unknown
  #look: (() => void) | undefined

  constructor(end: () => unknown) {
    this.#end = end
  }

  /** The events, without those that ssekit sends for itself. */
  get events(): Received[] {
    return this.received.filter(({ type }) => type !== 'sse-checkpoint')
  }

  /** All events. */
  get received(): Received[] {
    return this.happenings.filter((happening) => typeof happening !== 'string')
  }

  /** The data of all events but ssekit's own. */
  get data(): string[] {
    return this.events.filter(({ type }) => type !== 'sse-gap').map(({ data }) => data)
  }

  get gaps(): Received[] {
    return this.received.filter(({ type }) => type === 'sse-gap')
  }

  /** The id that it would send now. */
  get lastEventId(): string {
    return this.received.at(-1)?.lastEventId ?? ''
  }

  /** How often it was opened. */
  get opens(): number {
    return this.happenings.filter((happening) => happening === 'open').length
  }

  happened(happening: Happening, isClosed = false): void {
    this.happenings.push(happening)
    this.isClosed = isClosed
    this.#look?.()
  }

  /** Resolves once a condition holds, which is looked at whenever something happens. */
  async until(condition: (stream: this) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
  }

  async close(): Promise<void> {
    await this.#end()
  }
}
