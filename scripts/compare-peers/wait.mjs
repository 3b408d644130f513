import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Whether a condition comes to hold in time. That something does not happen takes a time limit to see.
 *
 * @param {() => boolean} condition
 * @param {number} [limitMs]
 */
export async function becomes(condition, limitMs = 2_000) {
  const end = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > end) return false
    await sleep(5)
  }
  return true
}

/**
 * Whether a promise settles in time.
 *
 * @param {Promise<unknown>} promise
 * @param {number} limitMs
 */
export async function settles(promise, limitMs) {
  let isSettled = false
  const settle = () => {
    isSettled = true
  }
  promise.then(settle, settle)
  return becomes(() => isSettled, limitMs)
}
