import { AsyncResource } from 'node:async_hooks'
import { onAbort } from './abort.js'
import { MAX_TIMER_MS } from './limits.js'

/** State that only some streams have: made when it is first needed, released with the stream. */
export class RareState {
  readonly #cancels = new Set<() => void>()
  // The async context of the request: its user, its trace.
  #scope: AsyncResource | undefined
  #controller: AbortController | undefined
  #forgetSignal: (() => void) | undefined
  #ageTimer: NodeJS.Timeout | undefined
  #onCaughtUp: (() => void) | undefined

  /** Aborts when the stream is over. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /** Calls back when the stream is over, until the returned function is called. */
  onCancel(cancel: () => void): () => void {
    this.#cancels.add(cancel)
    return () => {
      this.#cancels.delete(cancel)
    }
  }

  /** Calls back when all that there is has been written, or the stream is over; the returned function cancels. */
  onCaughtUp(callback: () => void): () => void {
    this.#onCaughtUp = callback
    const forget = this.onCancel(callback)
    return () => {
      forget()
      this.#onCaughtUp = undefined
    }
  }

  /** Reports that all that there is has been written. */
  tellCaughtUp(): void {
    this.#onCaughtUp?.()
  }

  /** Makes callbacks run in the current async context, which is the request's, and not in that of a publisher. */
  keepScope(): void {
    this.#scope ??= new AsyncResource('SseConnection')
  }

  run<T>(callback: () => T): T {
    return this.#scope === undefined ? callback() : this.#scope.runInAsyncScope(callback)
  }

  /** Calls back when a signal of the user aborts, at once if it has aborted already. */
  heed(signal: AbortSignal, callback: () => void): void {
    this.#forgetSignal = onAbort(signal, callback)
    if (signal.aborted) callback()
  }

  /** Calls back after a time, in ms, or up to a fifth sooner: streams that began together should not end together. */
  growOld(maxAgeMs: number, callback: () => void): void {
    const ageMs = Math.min(MAX_TIMER_MS, maxAgeMs * (0.8 + 0.2 * Math.random()))
    this.#ageTimer = setTimeout(callback, ageMs).unref()
  }

  /** Stops the age timer, and stops listening to the user's signal. */
  giveUp(): void {
    clearTimeout(this.#ageTimer)
    this.#forgetSignal?.()
  }

  abort(): void {
    this.#controller?.abort()
  }

  /** Reports that the stream is over: aborts `signal` and calls the callbacks. */
  tellOver(): void {
    this.run(() => this.abort())
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }
}
