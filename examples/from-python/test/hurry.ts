import * as timers from 'node:timers/promises'
import { jest } from '@jest/globals'

/**
 * Makes seconds pass in milliseconds for every module that is imported afterwards. The examples wait as long as the
 * originals do, and the tests need not.
 *
 * @param times how much faster. Use less in tests that compare durations, which a busy machine makes less exact
 */
export function hurry(times = 1_000): void {
  jest.unstable_mockModule('node:timers/promises', () => ({
    ...timers,
    setTimeout: <T>(ms: number, value: T, options: object) => timers.setTimeout(ms / times, value, options),
  }))
}
