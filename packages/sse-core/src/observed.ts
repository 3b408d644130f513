type Settle<T> = (value: T | PromiseLike<T>) => void

let latest: Settle<never> | undefined

/** The executor of every observed promise; a shared function, since there is one promise a stream. */
function capture(resolve: Settle<never>): void {
  // Only `resolve` is kept: it rejects too, if it is given a promise that does, and `reject` would weigh as much again.
  latest = resolve
}

function ignore(): void {}

/**
 * A promise whose rejection goes to `report` if nobody waits for it, where a plain one would end the process with
 * `unhandledRejection`.
 *
 * `await` and every promise method call `then` on a subclass, which is how it knows.
 */
export class ObservedPromise<T> extends Promise<T> {
  readonly #settle: Settle<T>
  #isObserved = false

  constructor() {
    super(capture as (resolve: Settle<T>) => void)
    this.#settle = latest as Settle<T>
    latest = undefined
  }

  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  fulfil(value: T): void {
    this.#settle(value)
  }

  fail(error: unknown, report: (error: unknown) => void): void {
    // Not our own `then`: this observes nothing, it only keeps Node from ending the process.
    Promise.prototype.then.call(this, undefined, ignore)
    this.#settle(Promise.reject(error))
    // By then every `await` of this turn has called `then`.
    setImmediate(() => {
      if (!this.#isObserved) report(error)
    })
  }

  // biome-ignore lint/suspicious/noThenProperty: this is a promise; it notes that somebody waits
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isObserved = true
    return super.then(onFulfilled, onRejected)
  }
}

/** The same outcome as a promise that nobody needs to await: a rejection that nobody waits for goes to `report`. */
export function observed<T>(promise: Promise<T>, report: (error: unknown) => void): Promise<T> {
  const result = new ObservedPromise<T>()
  promise.then(
    (value) => result.fulfil(value),
    (error: unknown) => result.fail(error, report),
  )
  return result
}
