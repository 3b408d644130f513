import type { Answer } from './answer.js'
import { endQuestion } from './messages.js'
import type { ChannelQueue } from './outbox.js'
import type { PendingPublishes } from './pending-publishes.js'
import type { Stream } from './stream.js'

/** How long to wait before the next attempt if the server cannot tell right now, in ms. */
const AGAIN_MS = 20

export interface EndCheckOptions {
  /** Whether anything may be sent. */
  readonly isOpen: () => boolean
  /** Called with the answer. Entries up to number `newest` were sent before the question. */
  readonly onAnswer: (queue: ChannelQueue, newest: number, answer: Answer) => void
}

/**
 * Asks whether channels have ended, and where. It publishes to the end's subject with an expected sequence that cannot
 * exist, so that the server refuses and names the sequence that does. Unlike a read, this is ordered after earlier
 * publishes: an event and its check take one round trip. It is sent once per channel and turn of the event loop,
 * however many events there are.
 */
export class EndCheck {
  readonly #stream: Stream
  readonly #pending: PendingPublishes
  readonly #options: EndCheckOptions
  readonly #wanted = new Set<ChannelQueue>()

  constructor(stream: Stream, pending: PendingPublishes, options: EndCheckOptions) {
    this.#stream = stream
    this.#pending = pending
    this.#options = options
  }

  /** Call it before publishing in the same turn: then both go out in one write. */
  want(queue: ChannelQueue): void {
    this.#wanted.add(queue)
    if (this.#wanted.size === 1) queueMicrotask(() => this.#ask())
  }

  #ask(): void {
    const queues = [...this.#wanted]
    this.#wanted.clear()
    // Otherwise the publisher calls `want` again when it opens.
    if (this.#options.isOpen()) for (const queue of queues) this.#askFor(queue)
  }

  #askFor(queue: ChannelQueue): void {
    const { lastCalled } = queue
    const { payload, headers, bufferedBytes } = endQuestion()
    queue.endCheckedUpTo = lastCalled
    this.#pending.send({
      subject: this.#stream.subjects.end(queue.channel),
      payload,
      headers,
      bufferedBytes,
      answer: (answer) => {
        if (queue.endCheckedUpTo === lastCalled) queue.endCheckedUpTo = 0
        if (answer.kind === 'in-progress') setTimeout(() => this.want(queue), AGAIN_MS).unref()
        else this.#options.onAnswer(queue, lastCalled, answer)
      },
    })
  }
}

/** How many channels are remembered. */
const MAX_CHANNELS = 1_000

/**
 * Channels known to have ended. An event published to one would be stored after the end, where it is useless and takes
 * the place of one that is not; so the server is asked first. Only the latest are remembered, since the server decides.
 */
export class EndedChannels {
  readonly #channels = new Set<string>()

  has(channel: string): boolean {
    return this.#channels.has(channel)
  }

  add(channel: string): void {
    this.#channels.add(channel)
    if (this.#channels.size <= MAX_CHANNELS) return
    for (const oldest of this.#channels) {
      this.#channels.delete(oldest)
      break
    }
  }

  delete(channel: string): void {
    this.#channels.delete(channel)
  }
}
