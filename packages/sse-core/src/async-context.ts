import { AsyncResource } from 'node:async_hooks'

// Made with the module, and so usually outside of any request.
const context = new AsyncResource('SseShared')

/**
 * Begins what many share and what outlives whoever happens to need it first, a request say. Begun in that request's async context it would run in it
 * from then on, and keep its `AsyncLocalStorage` stores long after it is over.
 */
export function outsideRequests<T>(begin: () => T): T {
  return context.runInAsyncScope(begin)
}

/** Calls back every so many ms until `clearInterval()`, outside of any request, and without keeping the process alive. */
export function startInterval(callback: () => void, ms: number): NodeJS.Timeout {
  return outsideRequests(() => setInterval(callback, ms).unref())
}
