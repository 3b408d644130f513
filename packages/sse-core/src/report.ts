import { inspect, types } from 'node:util'

/** Called with errors that reach nobody else. What it throws itself is an uncaught exception. */
export type ErrorListener = (error: unknown) => void

/** Where errors go that nobody asked to hear of: a warning of the process, which Node prints. */
export function warn(error: unknown): void {
  // In words: an error of another realm (a vm context, a test runner's sandbox) is none to Node.
  if (!types.isNativeError(error)) process.emitWarning(inspect(error))
  else process.emitWarning(error.message, { type: error.name, detail: error.stack ?? '' })
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
