import { createHook } from 'node:async_hooks'
import { eventually } from './eventually.js'

/** Counts the timers of certain durations that were set since its creation and have neither fired nor been cleared. */
export class TimerWatch {
  readonly #alive = new Set<number>()
  readonly #hook: ReturnType<typeof createHook>

  constructor(isWatched: (ms: number) => boolean) {
    this.#hook = createHook({
      init: (asyncId, type, _trigger, resource) => {
        // The only property in which Node keeps a timer's duration.
        if (type === 'Timeout' && isWatched(Number(Reflect.get(resource, '_idleTimeout')))) this.#alive.add(asyncId)
      },
      destroy: (asyncId) => this.#alive.delete(asyncId),
    }).enable()
  }

  get count(): number {
    return this.#alive.size
  }

  /** Resolves once none is left; Node reports a cleared timer some turns later. */
  gone(): Promise<void> {
    return eventually(() => this.count === 0, `${this.count} timers that stayed`)
  }

  stop(): void {
    this.#hook.disable()
  }
}
