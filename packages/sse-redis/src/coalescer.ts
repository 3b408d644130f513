/** A question under way, and the one that follows it. */
interface Asked<T> {
  readonly running: Promise<T>
  next: Promise<T> | undefined
}

/**
 * Asks one question on behalf of all callers that ask the same at about the same time, as a thousand clients do that reconnect at once.
 * No caller gets an answer to a question that was asked before its own: callers that arrive while one is under way share the next one.
 */
export class Coalescer<T> {
  readonly #asked = new Map<string, Asked<T>>()

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
      // If there is a next question, it takes this one's place.
      if (asked.next === undefined) this.#asked.delete(key)
    }
    running.then(forget, forget)
    return running
  }
}
