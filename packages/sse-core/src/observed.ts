/**
 * A promise whose rejection goes to `report` if nobody waits for it, where a plain one would end the process with
 * `unhandledRejection`.
 *
 * `await` and every promise method call `then` on a subclass, which is how it knows.
 */
class ObservedPromise<T> extends Promise<T> {
  isObserved = false

  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  // biome-ignore lint/suspicious/noThenProperty: this is a promise; it notes that somebody waits
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isObserved = true
    return super.then(onFulfilled, onRejected)
  }
}

/** The same outcome as a promise that nobody needs to await: a rejection that nobody waits for goes to `report`. */
export function observed<T>(promise: Promise<T>, report: (error: unknown) => void): Promise<T> {
  const result = new ObservedPromise<T>((resolve, reject) => {
    promise.then(resolve, (error: unknown) => {
      reject(error)
      // By then every `await` of this turn has called `then`.
      setImmediate(() => {
        if (!result.isObserved) report(error)
      })
    })
  })
  Promise.prototype.then.call(result, undefined, () => {})
  return result
}
