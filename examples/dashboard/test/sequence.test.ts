import { expect, test } from '@jest/globals'
import { Sequence } from '../src/page/sequence.js'

function figuresOf(...numbers: number[]): { received: number; missing: number; twice: number } {
  const sequence = new Sequence()
  for (const n of numbers) sequence.take(n)
  const { received, missing, twice } = sequence
  return { received, missing, twice }
}

test('a sequence without holes counts none as missing, whatever its first number', () => {
  expect(figuresOf(1, 2, 3)).toEqual({ received: 3, missing: 0, twice: 0 })
  expect(figuresOf(40, 41, 42)).toEqual({ received: 3, missing: 0, twice: 0 })
})

test('a hole counts each number in it as missing', () => {
  expect(figuresOf(1, 2, 6)).toEqual({ received: 3, missing: 3, twice: 0 })
})

test('a number that was received before counts as twice, and take() returns false', () => {
  expect(figuresOf(1, 2, 3, 2, 3, 4)).toEqual({ received: 4, missing: 0, twice: 2 })
  const sequence = new Sequence()
  expect(sequence.take(7)).toBe(true)
  expect(sequence.take(7)).toBe(false)
})

test('restart() begins a new count, with nothing missing before it', () => {
  const sequence = new Sequence()
  sequence.take(900)
  sequence.restart()
  expect(sequence.take(1)).toBe(true)
  expect([sequence.received, sequence.missing, sequence.twice]).toEqual([2, 0, 0])
})
