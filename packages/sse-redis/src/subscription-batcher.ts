export interface SubscriptionBatcherOptions {
  /** Neither rejects. */
  readonly subscribe: (names: readonly string[]) => Promise<void>
  readonly unsubscribe: (names: readonly string[]) => Promise<void>
  /** Nothing is left to be changed. */
  readonly onIdle: () => void
}

/**
 * Changes of subscriptions. They are made in rounds, one behind the other, each with all that was asked for meanwhile: ten thousand
 * channels are a few commands, and no client is given a subscription to take back that it is still making.
 */
export class SubscriptionBatcher {
  readonly #options: SubscriptionBatcherOptions
  readonly #toSubscribe = new Set<string>()
  readonly #toUnsubscribe = new Set<string>()
  #changing: Promise<void> | undefined

  constructor(options: SubscriptionBatcherOptions) {
    this.#options = options
  }

  /** Resolves when all that was to be changed is, as far as that can be had. */
  subscribe(name: string): Promise<void> {
    this.#toUnsubscribe.delete(name)
    this.#toSubscribe.add(name)
    return this.#change()
  }

  unsubscribe(name: string): void {
    this.#toSubscribe.delete(name)
    this.#toUnsubscribe.add(name)
    void this.#change()
  }

  /** Whether it is to be joined in a round to come. */
  willSubscribe(name: string): boolean {
    return this.#toSubscribe.has(name)
  }

  /** Does not join it any more, if no round has begun to. Says whether that was so. */
  cancel(name: string): boolean {
    return this.#toSubscribe.delete(name)
  }

  /** Changes nothing any more. */
  close(): void {
    this.#toSubscribe.clear()
    this.#toUnsubscribe.clear()
  }

  #change(): Promise<void> {
    this.#changing ??= this.#changeAll()
    return this.#changing
  }

  async #changeAll(): Promise<void> {
    // What is asked for in the same tick is in the same round.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    while (this.#toSubscribe.size > 0 || this.#toUnsubscribe.size > 0) {
      await this.#options.unsubscribe(take(this.#toUnsubscribe))
      await this.#options.subscribe(take(this.#toSubscribe))
    }
    // In the same turn: what is asked for from now on is in rounds to come.
    this.#changing = undefined
    this.#options.onIdle()
  }
}

/** All of a set, which is empty then. */
function take(names: Set<string>): string[] {
  const all = [...names]
  names.clear()
  return all
}
