import type { SseError } from '@ssekit/sse-core'
import type { Lane } from './lane.js'
import { generatedId, type OutgoingMessage } from './messages.js'

/** What is published, and who. */
export interface OutgoingParts {
  readonly lane: Lane
  /** In the order of the calls. */
  readonly number: number
  readonly message: OutgoingMessage
  readonly isEnd: boolean
  readonly ownId: string | undefined
  readonly mark: string
  /** When whoever waits is told that there was no answer, by `performance.now()`. */
  readonly deadline: number
}

/** An entry on its way into the stream, until it is known what became of it. */
export class Outgoing {
  readonly parts: OutgoingParts
  readonly promise: Promise<string>
  /** Whether it is on the wire, and was not lost with a connection. */
  isSent = false
  /** Where it is stored. */
  sequence: number | undefined
  isSettled = false
  /** How often the broker has said that it cannot tell yet. */
  busyCount = 0
  #resolve!: (id: string) => void
  #reject!: (error: SseError) => void

  constructor(parts: OutgoingParts) {
    this.parts = parts
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** It is stored, and its place in the log is certain. */
  accept(): void {
    const { ownId, mark } = this.parts
    this.isSettled = true
    this.#resolve(ownId ?? generatedId(this.sequence as number, mark))
  }

  reject(error: SseError): void {
    this.isSettled = true
    this.#reject(error)
  }
}
