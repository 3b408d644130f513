import { inspect, types } from 'node:util'

/** Called with errors that reach no other handler. An error that it throws itself is an uncaught exception. */
export type ErrorListener = (error: unknown) => void

/** Reports an error that has no other handler: as a process warning, which Node prints. */
export function warn(error: unknown): void {
  // As text, since Node does not accept an error of another realm (a vm context, a test runner's sandbox).
  if (!types.isNativeError(error)) process.emitWarning(inspect(error))
  else process.emitWarning(error.message, { type: error.name, detail: error.stack ?? '' })
}

/** Wraps a listener so that its own errors do not disturb the code that reports. */
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
