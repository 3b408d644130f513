/** The running request, and the one that follows it. */
interface Asked<T> {
  readonly running: Promise<T>
  next: Promise<T> | undefined
}

/**
 * Shares one request to a broker among all callers that want the same thing at about the same time, such as a thousand
 * clients that reconnect at once. No caller gets the answer to a request that began before its call: callers that arrive
 * during a request share the next one.
 */
export class Coalescer<T> {
  readonly #asked = new Map<string, Asked<T>>()

  /** The answer to a question of this key, which is asked now, or after the one that is under way. */
  ask(key: string, question: () => Promise<T>): Promise<T> {
    const asked = this.#asked.get(key)
    if (asked === undefined) return this.#start(key, question)
    const start = (): Promise<T> => this.#start(key, question)
    asked.next ??= asked.running.then(start, start)
    return asked.next
  }

  #start(key: string, question: () => Promise<T>): Promise<T> {
    const running = question()
    const asked: Asked<T> = { running, next: undefined }
    this.#asked.set(key, asked)
    const forget = (): void => {
      // Otherwise the next one has replaced this entry already.
      if (asked.next === undefined && this.#asked.get(key) === asked) this.#asked.delete(key)
    }
    running.then(forget, forget)
    return running
  }
}
