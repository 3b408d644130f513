import type { ErrorListener } from './report.js'

type Settle<T> = (value: T | PromiseLike<T>) => void

let latest: Settle<never> | undefined

/** The executor of every observed promise; shared, since there is one promise per stream. */
function capture(resolve: Settle<never>): void {
  // Only `resolve` is kept, to save memory: given a promise that rejects, it rejects too.
  latest = resolve
}

function ignore(): void {}

/**
 * A promise whose rejection goes to `report` if nothing handles it. A plain promise would end the process with
 * `unhandledRejection`.
 *
 * `await` and every promise method call `then` on a subclass, which shows that the promise is handled.
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

  /** Whether anything handles its outcome. */
  get isObserved(): boolean {
    return this.#isObserved
  }

  fulfil(value: T): void {
    this.#settle(value)
  }

  fail(error: unknown, report: ErrorListener): void {
    // Not our own `then`: this must not count as handled, and only keeps Node from ending the process.
    Promise.prototype.then.call(this, undefined, ignore)
    const rejected = Promise.reject(error)
    // It may be settled already, and then nothing else handles this one.
    rejected.catch(ignore)
    this.#settle(rejected)
    // By then every `await` of this turn has called `then`.
    setImmediate(() => {
      if (!this.#isObserved) report(error)
    })
  }

  // biome-ignore lint/suspicious/noThenProperty: this is a promise; it notes that it is handled
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isObserved = true
    return super.then(onFulfilled, onRejected)
  }
}

/** Returns a promise with the same outcome that need not be awaited: an unhandled rejection goes to `report`. */
export function observed<T>(promise: Promise<T>, report: ErrorListener): ObservedPromise<T> {
  const result = new ObservedPromise<T>()
  promise.then(
    (value) => result.fulfil(value),
    (error: unknown) => result.fail(error, report),
  )
  return result
}
