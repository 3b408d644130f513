import type { SseEvent } from './event.js'
import { type EventPuller, pullEvents } from './event-puller.js'
import type { PullSource } from './source.js'
import { Pace } from './turn.js'

type Publish = (event: SseEvent) => unknown

/** The sources that are being broadcast to one channel. */
export class Pipes {
  readonly #publish: Publish
  readonly #report: (error: unknown) => void
  readonly #running = new Set<Pipe>()

  /** @param report hears of what a source throws as it is cancelled */
  constructor(publish: Publish, report: (error: unknown) => void) {
    this.#publish = publish
    this.#report = report
  }

  /** Publishes what a source yields, each once the one before it is accepted. Resolves when the source has ended. */
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

  /** Cancels all sources, however quiet they are; `run()` rejects with this error. */
  stop(error: unknown): void {
    for (const pipe of this.#running) pipe.stop(error)
  }
}

class Pipe {
  readonly #puller: EventPuller
  readonly #report: (error: unknown) => void
  readonly #stopped: Promise<never>
  #fail: (error: unknown) => void = () => {}

  constructor(puller: EventPuller, report: (error: unknown) => void) {
    this.#puller = puller
    this.#report = report
    this.#stopped = new Promise((_resolve, reject) => {
      this.#fail = reject
    })
  }

  run(publish: Publish): Promise<void> {
    // What a source says of being cancelled comes later, and is no news.
    return Promise.race([publishAll(this.#puller, publish), this.#stopped])
  }

  stop(error: unknown): void {
    // A source that closes the channel as its last act has come to its end by then. To one that is quiet this comes first: were it
    // cancelled now, it would look as if it had come to its end too.
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
