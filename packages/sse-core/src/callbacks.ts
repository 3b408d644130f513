import { types } from 'node:util'

/** Calls a listener of the user: what it throws goes to `report`, and so does what its promise rejects with, if it is asynchronous. */
export function callListener(listener: () => unknown, report: (error: unknown) => void): void {
  try {
    const result = listener()
    if (types.isPromise(result)) result.catch(report)
  } catch (error) {
    report(error)
  }
}

/**
 * The answer of a function of the user that has to answer at once.
 *
 * @param name what the function is called in the error
 * @throws {TypeError} the answer is a promise, which would be taken for a yes, or for an event
 */
export function requireAnswer<T>(answer: T, name: string): T {
  if (!types.isPromise(answer)) return answer
  // What it comes to does not matter any more.
  answer.catch(() => {})
  throw new TypeError(`${name} must return its answer at once, not a promise`)
}
