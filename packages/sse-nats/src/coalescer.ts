/** A question under way, and the one that follows it. */
interface Asked<T> {
  readonly running: Promise<T>
  next: Promise<T> | undefined
}

/**
 * One question for all who ask the same thing at about the same time, as a thousand clients do who reconnect at once. Nobody
 * is given an answer to a question that was asked before their own: who comes while one is under way shares the next.
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
      // Else its successor is in its place before this one's callers go on.
      if (asked.next === undefined && this.#asked.get(key) === asked) this.#asked.delete(key)
    }
    running.then(forget, forget)
    return running
  }
}
