import { setTimeout as sleep } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'

/**
 * The memory that a process holds, in bytes.
 *
 * @typedef {object} Memory
 * @property {number} resident
 * @property {number} residentButYoung without V8's young generation
 * @property {number} heap
 */

/** The second collection frees some objects that the first one found dead; a fourth would change nothing. */
const COLLECTIONS = 3

/** The memory that this process holds after garbage collection. @returns {Promise<Memory>} */
export async function memory() {
  for (let n = 0; n < COLLECTIONS; n++) {
    globalThis.gc?.()
    await sleep(50)
  }
  const { rss, heapUsed } = process.memoryUsage()
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return { resident: rss, residentButYoung: rss - (young?.physical_space_size ?? 0), heap: heapUsed }
}

/**
 * The difference between two measurements.
 *
 * @param {Memory} before
 * @param {Memory} after
 * @returns {Memory}
 */
export function growth(before, after) {
  return {
    resident: after.resident - before.resident,
    residentButYoung: after.residentButYoung - before.residentButYoung,
    heap: after.heap - before.heap,
  }
}
