import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Resolves to whether a condition becomes true within a time limit. A probe also uses the limit to see that something does
 * not happen.
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
 * Resolves to whether a promise settles within a time limit.
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
