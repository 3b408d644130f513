import { expect, jest, test } from '@jest/globals'
import { Semaphore } from '../src/semaphore.js'

/** A task that runs until `finish` is called. */
function task(): { readonly run: jest.Mock<() => Promise<void>>; finish: () => void } {
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  return { run: jest.fn(() => finished), finish }
}

test('Semaphore runs at most so many tasks at a time, the next one as soon as one settles', async () => {
  const semaphore = new Semaphore(2, 1_000)
  const tasks = [task(), task(), task(), task()]
  const results = tasks.map(({ run }) => semaphore.run(run))
  const begun = (): number[] => tasks.map(({ run }) => run.mock.calls.length)
  await Promise.resolve()
  expect(begun()).toEqual([1, 1, 0, 0])
  for (const [index, { finish }] of tasks.entries()) {
    finish()
    await results[index]
  }
  expect(begun()).toEqual([1, 1, 1, 1])
})

test('Semaphore does not begin a task that has waited longer than its time limit', async () => {
  jest.useFakeTimers()
  try {
    const semaphore = new Semaphore(1, 1_000)
    const [first, second, third] = [task(), task(), task()]
    const running = semaphore.run(first.run)
    const late = semaphore.run(second.run)
    await jest.advanceTimersByTimeAsync(1_001)
    const intime = semaphore.run(third.run)
    first.finish()
    third.finish()
    await expect(late).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
    await Promise.all([running, intime])
    expect([second.run, third.run].map(({ mock }) => mock.calls.length)).toEqual([0, 1])
  } finally {
    jest.useRealTimers()
  }
})
