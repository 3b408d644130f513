import { types } from 'node:util'
import type { ErrorListener } from './report.js'

/** Calls a listener of the user. What it throws goes to `report`, and so does what its promise rejects with. */
export function callListener(listener: () => unknown, report: ErrorListener): void {
  try {
    const result = listener()
    if (types.isPromise(result)) result.catch(report)
  } catch (error) {
    report(error)
  }
}

/**
 * Returns the answer of a user's function that must be synchronous.
 *
 * @param name what the function is called in the error
 * @throws {TypeError} the answer is a promise, which would be taken for `true` or for an event
 */
export function requireAnswer<T>(answer: T, name: string): T {
  if (!isThenable(answer)) return answer
  // It is not used, and must not cause an unhandled rejection.
  if (types.isPromise(answer)) answer.catch(() => {})
  throw new TypeError(`${name} must return its answer at once, not a promise`)
}

/** Query builders and ORMs return promises that are not instances of `Promise`. */
function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
