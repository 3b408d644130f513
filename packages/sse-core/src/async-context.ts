import { AsyncResource } from 'node:async_hooks'

// Made when the module is loaded, and so usually outside of any request.
const context = new AsyncResource('SseShared')

/**
 * Calls `begin` outside the async context of any request: for work that many requests share. Begun in the context of
 * the request that happens to need it first, it would stay in that context, and keep the request's `AsyncLocalStorage`
 * stores long after the request is over.
 */
export function outsideRequests<T>(begin: () => T): T {
  return context.runInAsyncScope(begin)
}

/** Calls back every `ms` until `clearInterval()`, outside any request, without keeping the process alive. */
export function startInterval(callback: () => void, ms: number): NodeJS.Timeout {
  return outsideRequests(() => setInterval(callback, ms).unref())
}
