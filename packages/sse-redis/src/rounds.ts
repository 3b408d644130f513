export interface RoundsOptions {
  /** Neither rejects. */
  readonly join: (names: readonly string[]) => Promise<void>
  readonly leave: (names: readonly string[]) => Promise<void>
  /** Nothing is left to be changed. */
  readonly onRest: () => void
}

/**
 * Changes of subscriptions. They are made in rounds, one behind the other, each with all that was asked for meanwhile: ten thousand
 * channels are a few commands, and no client is given a subscription to take back that it is still making.
 */
export class Rounds {
  readonly #options: RoundsOptions
  readonly #joining = new Set<string>()
  readonly #leaving = new Set<string>()
  #changing: Promise<void> | undefined

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  /** Resolves when all that was to be changed is, as far as that can be had. */
  join(name: string): Promise<void> {
    this.#leaving.delete(name)
    this.#joining.add(name)
    return this.#change()
  }

  leave(name: string): void {
    this.#joining.delete(name)
    this.#leaving.add(name)
    void this.#change()
  }

  /** Whether it is to be joined in a round to come. */
  isToJoin(name: string): boolean {
    return this.#joining.has(name)
  }

  /** Does not join it any more, if no round has begun to. Says whether that was so. */
  forget(name: string): boolean {
    return this.#joining.delete(name)
  }

  /** Changes nothing any more. */
  close(): void {
    this.#joining.clear()
    this.#leaving.clear()
  }

  #change(): Promise<void> {
    this.#changing ??= this.#changeAll()
    return this.#changing
  }

  async #changeAll(): Promise<void> {
    // What is asked for in the same tick is in the same round.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    while (this.#joining.size > 0 || this.#leaving.size > 0) {
      await this.#options.leave(take(this.#leaving))
      await this.#options.join(take(this.#joining))
    }
    // In the same turn: what is asked for from now on is in rounds to come.
    this.#changing = undefined
    this.#options.onRest()
  }
}

/** All of a set, which is empty then. */
function take(names: Set<string>): string[] {
  const all = [...names]
  names.clear()
  return all
}
