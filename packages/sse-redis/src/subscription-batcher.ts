export interface SubscriptionBatcherOptions {
  /** Neither function rejects. */
  readonly subscribe: (names: readonly string[]) => Promise<void>
  readonly unsubscribe: (names: readonly string[]) => Promise<void>
  /** Called when nothing is left to change. */
  readonly onIdle: () => void
}

/**
 * Changes subscriptions in rounds, one after another. Each round makes all changes that were requested during the previous one: ten
 * thousand channels take a few commands, and no client has to undo a subscription that is still under way.
 */
export class SubscriptionBatcher {
  readonly #options: SubscriptionBatcherOptions
  readonly #toSubscribe = new Set<string>()
  readonly #toUnsubscribe = new Set<string>()
  #changing: Promise<void> | undefined

  constructor(options: SubscriptionBatcherOptions) {
    this.#options = options
  }

  /** Resolves when no change is left to make, whether or not all of them succeeded. */
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

  /** Whether a round to come subscribes to it. */
  willSubscribe(name: string): boolean {
    return this.#toSubscribe.has(name)
  }

  /** Drops a subscription that no round has begun. Returns whether there was one. */
  cancel(name: string): boolean {
    return this.#toSubscribe.delete(name)
  }

  /** Drops all changes that no round has begun. */
  close(): void {
    this.#toSubscribe.clear()
    this.#toUnsubscribe.clear()
  }

  #change(): Promise<void> {
    this.#changing ??= this.#changeAll()
    return this.#changing
  }

  async #changeAll(): Promise<void> {
    // Changes requested in the same tick are made in the same round.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    while (this.#toSubscribe.size > 0 || this.#toUnsubscribe.size > 0) {
      await this.#options.unsubscribe(take(this.#toUnsubscribe))
      await this.#options.subscribe(take(this.#toSubscribe))
    }
    // In the same tick as the last check, so that no change is missed.
    this.#changing = undefined
    this.#options.onIdle()
  }
}

/** Empties a set and returns what it held. */
function take(names: Set<string>): string[] {
  const all = [...names]
  names.clear()
  return all
}
