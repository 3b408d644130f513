import type { Answer } from './answer.js'
import { endQuestion } from './messages.js'
import type { ChannelQueue } from './outbox.js'
import type { PendingPublishes } from './pending-publishes.js'
import type { Stream } from './stream.js'

/** How long to wait if the broker cannot say it just now, in ms. */
const AGAIN_MS = 20

export interface EndCheckOptions {
  /** Whether anything may be sent. */
  readonly isOpen: () => boolean
  /** Hears the answer; where that is a sequence, the entries up to `newest` were sent before the question. */
  readonly onAnswer: (queue: ChannelQueue, newest: number, answer: Answer) => void
}

/**
 * Asks whether channels have ended, and where: by a publish to the end's subject that cannot succeed, since it expects a
 * sequence that never is. The refusal names the one that is. Unlike a read it is in order with what was published before
 * it, so that an event and the question are one round trip. Once a turn and channel, however many events there are.
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

  /** To be called before something is published in this turn: then both go out in one write. */
  want(queue: ChannelQueue): void {
    this.#wanted.add(queue)
    if (this.#wanted.size === 1) queueMicrotask(() => this.#ask())
  }

  #ask(): void {
    const queues = [...this.#wanted]
    this.#wanted.clear()
    // When it is opened again, who needs it wants it again.
    if (this.#options.isOpen()) for (const queue of queues) this.#askFor(queue)
  }

  #askFor(queue: ChannelQueue): void {
    const { lastCalled } = queue
    const { payload, headers, bytes } = endQuestion()
    queue.endCheckedUpTo = lastCalled
    this.#pending.send({
      subject: this.#stream.subjects.end(queue.channel),
      payload,
      headers,
      bytes,
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
 * Channels that were seen to have ended. Publishing to one would store an event behind the end, where it is of no use and
 * takes the place of one that is; so the broker is asked first. Only the latest are remembered: it is the broker who knows.
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
