import { inspect } from 'node:util'

/** Called with errors that reach nobody else. What it throws itself is an uncaught exception. */
export type ErrorListener = (error: unknown) => void

/** Where errors go that nobody asked to hear of: a warning of the process, which Node prints. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(inspect(error)))
}

/** The same listener, whose own errors do not disturb whoever reports. */
export function neverThrowing(listener: ErrorListener): ErrorListener {
  return (error) => {
    try {
      listener(error)
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown
      })
    }
  }
}
