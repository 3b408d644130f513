import * as timers from 'node:timers/promises'
import { jest } from '@jest/globals'

/**
 * Makes seconds pass in milliseconds for every module that is imported after it: the examples wait as the originals do, and
 * the tests need not.
 */
export function hurry(): void {
  jest.unstable_mockModule('node:timers/promises', () => ({
    ...timers,
    setTimeout: <T>(ms: number, value: T, options: object) => timers.setTimeout(ms / 1_000, value, options),
  }))
}
