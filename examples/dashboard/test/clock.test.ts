import { expect, test } from '@jest/globals'
import { clock, clocksBetween } from '../src/page/clock.js'

test('clocksBetween() leaves out the times that are too close to either end of the chart', () => {
  const texts = clocksBetween(0, 60, [0, 5, 10, 50, 55, 60])
  expect(texts).toEqual(['', '', clock(10_000), clock(50_000), '', ''])
})
