import { defaultTimeoutMs } from '../time-limit.js'

const POLL_MS = 1

/** Resolves once a condition holds; rejects if it does not in time. */
export async function eventually(
  condition: () => boolean,
  what: string,
  timeoutMs: number = defaultTimeoutMs(),
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await poll()
  }
}

/** Resolves when it is time to look again at what cannot be awaited, without keeping the processor busy. */
export function poll(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, POLL_MS)
  })
}

/** Resolves after one turn of the event loop. */
export function oneTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
