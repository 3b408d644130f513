import { AsyncResource } from 'node:async_hooks'
import { onAbort } from './abort.js'
import { MAX_TIMER_MS } from './limits.js'

/** What some streams have and most do not: made when the first of it is needed, given up with the stream. */
export class RareState {
  readonly #cancels = new Set<() => void>()
  // The async context of the request: its user, its trace.
  #scope: AsyncResource | undefined
  #controller: AbortController | undefined
  #forgetSignal: (() => void) | undefined
  #ageTimer: NodeJS.Timeout | undefined
  #onCaughtUp: (() => void) | undefined

  /** Aborts when these are given up. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /** Calls back when these are given up, until the returned function is called. */
  onCancel(cancel: () => void): () => void {
    this.#cancels.add(cancel)
    return () => {
      this.#cancels.delete(cancel)
    }
  }

  /** Calls back when the reader has all that there is, or these are given up, until the returned function is called. */
  onCaughtUp(callback: () => void): () => void {
    this.#onCaughtUp = callback
    const forget = this.onCancel(callback)
    return () => {
      forget()
      this.#onCaughtUp = undefined
    }
  }

  /** The reader has all that there is. */
  tellCaughtUp(): void {
    this.#onCaughtUp?.()
  }

  /** Makes callbacks see the async context of now, which is the request's, not that of whoever broadcasts. */
  keepScope(): void {
    this.#scope ??= new AsyncResource('SseConnection')
  }

  run<T>(callback: () => T): T {
    return this.#scope === undefined ? callback() : this.#scope.runInAsyncScope(callback)
  }

  /** Calls back when somebody's signal aborts, perhaps at once. */
  heed(signal: AbortSignal, callback: () => void): void {
    this.#forgetSignal = onAbort(signal, callback)
    if (signal.aborted) callback()
  }

  /** Calls back after a time, in ms, or up to a fifth sooner: not all that began together are to end together. */
  growOld(maxAgeMs: number, callback: () => void): void {
    const ageMs = Math.min(MAX_TIMER_MS, maxAgeMs * (0.8 + 0.2 * Math.random()))
    this.#ageTimer = setTimeout(callback, ageMs).unref()
  }

  /** Stops waiting for anything. */
  giveUp(): void {
    clearTimeout(this.#ageTimer)
    this.#forgetSignal?.()
  }

  abort(): void {
    this.#controller?.abort()
  }

  /** Tells everybody that the stream is over. */
  tellOver(): void {
    this.run(() => this.abort())
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }
}
