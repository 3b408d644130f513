import type { Answer } from './answer.js'
import type { Lane } from './lane.js'
import { endQuestion } from './messages.js'
import type { Stream } from './stream.js'
import type { Wire } from './wire.js'

/** How long to wait if the broker cannot say it just now, in ms. */
const AGAIN_MS = 20

export interface EndCheckOptions {
  /** Whether anything may be sent. */
  readonly isOpen: () => boolean
  /** Hears the answer; where that is a sequence, the entries up to `newest` were sent before the question. */
  readonly onAnswer: (lane: Lane, newest: number, answer: Answer) => void
}

/**
 * Asks whether channels have ended, and where: by a publish to the end's subject that cannot succeed, since it expects a
 * sequence that never is. The refusal names the one that is. Unlike a read it is in order with what was published before
 * it, so that an event and the question are one round trip. Once a turn and channel, however many events there are.
 */
export class EndCheck {
  readonly #stream: Stream
  readonly #wire: Wire
  readonly #options: EndCheckOptions
  readonly #wanted = new Set<Lane>()

  constructor(stream: Stream, wire: Wire, options: EndCheckOptions) {
    this.#stream = stream
    this.#wire = wire
    this.#options = options
  }

  /** To be called before something is published in this turn: then both go out in one write. */
  want(lane: Lane): void {
    this.#wanted.add(lane)
    if (this.#wanted.size === 1) queueMicrotask(() => this.#ask())
  }

  #ask(): void {
    const lanes = [...this.#wanted]
    this.#wanted.clear()
    // When it is opened again, who needs it wants it again.
    if (this.#options.isOpen()) for (const lane of lanes) this.#askFor(lane)
  }

  #askFor(lane: Lane): void {
    const { newest } = lane
    const { payload, headers, bytes } = endQuestion()
    lane.asked = newest
    this.#wire.send({
      subject: this.#stream.subjects.end(lane.channel),
      payload,
      headers,
      bytes,
      answer: (answer) => {
        if (lane.asked === newest) lane.asked = 0
        if (answer.kind === 'busy') setTimeout(() => this.want(lane), AGAIN_MS).unref()
        else this.#options.onAnswer(lane, newest, answer)
      },
    })
  }
}
