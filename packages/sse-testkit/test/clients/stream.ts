/** How long to wait for an expected event, in ms: less than Jest's limit, whose error does not say what is missing. */
const PATIENCE_MS = 60_000

/** What a client has received as one event. */
export interface Received {
  readonly type: string
  readonly data: string
  readonly lastEventId: string
}

/** What happened to one EventSource, in order: `open`, each event by its type, `error`. */
export type Happening = 'open' | 'error' | Received

/** One EventSource, and everything that happened to it. */
export class ClientStream {
  readonly happenings: Happening[] = []
  /** Whether it has given up. */
  isClosed = false
  readonly #end: () => unknown
  #look: (() => void) | undefined

  constructor(end: () => unknown) {
    this.#end = end
  }

  /** The events, without checkpoints. */
  get events(): Received[] {
    return this.received.filter(({ type }) => type !== 'sse-checkpoint')
  }

  /** All events. */
  get received(): Received[] {
    return this.happenings.filter((happening) => typeof happening !== 'string')
  }

  /** The data of all events except checkpoints and gaps. */
  get data(): string[] {
    return this.events.filter(({ type }) => type !== 'sse-gap').map(({ data }) => data)
  }

  get gaps(): Received[] {
    return this.received.filter(({ type }) => type === 'sse-gap')
  }

  /** The last event id that it would send now. */
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

  /** Resolves once a condition holds, which is checked whenever something happens. Rejects if it takes too long. */
  async until(condition: (stream: this) => boolean): Promise<void> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#look?.()
    }, PATIENCE_MS)
    try {
      while (!condition(this)) {
        if (isLate) {
          const last = JSON.stringify(this.happenings.slice(-5))
          throw new Error(`not within ${PATIENCE_MS} ms: ${condition}; what happened last: ${last}`)
        }
        await new Promise<void>((resolve) => {
          this.#look = resolve
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    await this.#end()
  }
}
