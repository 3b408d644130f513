import type { IoredisClient } from './client.js'

/**
 * Without `autoResendUnfulfilledCommands` ioredis forgets the commands that were under way when a connection was lost, and
 * never tells whoever waits for them. This does.
 */
export class Unfulfilled {
  readonly #client: IoredisClient
  readonly #rejects = new Set<(error: Error) => void>()
  #isReady: boolean

  constructor(client: IoredisClient) {
    this.#client = client
    this.#isReady = client.status === 'ready'
    client.on('ready', this.#onReady)
    client.on('close', this.#onClose)
  }

  /** The answer to a command that was just given to the client, or that it is lost. */
  watch<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#rejects.add(reject)
      answer.then(resolve, reject).finally(() => this.#rejects.delete(reject))
    })
  }

  /** Leaves the client alone. */
  close(): void {
    this.#client.off('ready', this.#onReady)
    this.#client.off('close', this.#onClose)
  }

  readonly #onReady = (): void => {
    this.#isReady = true
  }

  readonly #onClose = (): void => {
    // What was asked for since then waits for the next connection, and is not lost.
    if (!this.#isReady) return
    this.#isReady = false
    for (const reject of this.#rejects) reject(new Error('the connection was lost'))
  }
}
