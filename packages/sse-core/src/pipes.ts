import type { SseEvent } from './event.js'
import { type EventPuller, pullEvents } from './event-puller.js'
import type { ErrorListener } from './report.js'
import type { PullSource } from './source.js'
import { Pace } from './turn.js'

type Publish = (event: SseEvent) => unknown

/** The sources that are being broadcast to one channel. */
export class Pipes {
  readonly #publish: Publish
  readonly #report: ErrorListener
  readonly #running = new Set<Pipe>()

  /** @param report called with what a source throws when it is cancelled */
  constructor(publish: Publish, report: ErrorListener) {
    this.#publish = publish
    this.#report = report
  }

  /** Publishes what a source yields, each value after the one before was accepted. Resolves at the source's end. */
  async run(source: PullSource): Promise<void> {
    const pipe = new Pipe(pullEvents(source), this.#report)
    this.#running.add(pipe)
    try {
      await pipe.run(this.#publish)
    } finally {
      this.#running.delete(pipe)
      pipe.cancel()
    }
  }

  /** Cancels all sources, even quiet ones; `run()` then rejects with this error. */
  stop(error: unknown): void {
    for (const pipe of this.#running) pipe.stop(error)
  }
}

class Pipe {
  readonly #puller: EventPuller
  readonly #report: ErrorListener
  readonly #stopped: Promise<never>
  #fail: (error: unknown) => void = () => {}

  constructor(puller: EventPuller, report: ErrorListener) {
    this.#puller = puller
    this.#report = report
    this.#stopped = new Promise((_resolve, reject) => {
      this.#fail = reject
    })
  }

  run(publish: Publish): Promise<void> {
    // What a cancelled source throws comes after the outcome, and does not matter.
    return Promise.race([publishAll(this.#puller, publish), this.#stopped])
  }

  stop(error: unknown): void {
    // A source that closes the channel as its last act has ended by then, and `run()` resolves. A quiet source is not
    // cancelled before the rejection: it would look as if it had ended.
    setImmediate(() => this.#fail(error))
  }

  cancel(): void {
    this.#puller.cancel(this.#report)
  }
}

async function publishAll(puller: EventPuller, publish: Publish): Promise<void> {
  const pace = new Pace()
  for (let result = await puller.next(); !result.done; result = await puller.next()) {
    await publish(result.value)
    await pace.step()
  }
}
