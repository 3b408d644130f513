import * as timers from 'node:timers/promises'
import { jest } from '@jest/globals'

/**
 * Makes seconds pass in milliseconds for every module that is imported after it: the examples wait as the originals do, and
 * the tests need not.
 *
 * @param times how much faster; less where a test compares what takes how long, which a busy machine blurs
 */
export function hurry(times = 1_000): void {
  jest.unstable_mockModule('node:timers/promises', () => ({
    ...timers,
    setTimeout: <T>(ms: number, value: T, options: object) => timers.setTimeout(ms / times, value, options),
  }))
}
