import { expect, test } from '@jest/globals'
import { memoryBackplane } from '@ssekit/sse-core'
import { publishAll, Recorder } from '../src/backplane-contract/recorder.js'

test('several waits for the entries of one subscription can be pending at the same time', async () => {
  const backplane = memoryBackplane()
  const recorder = await Recorder.of(backplane, 'news', { last: 0 }, 2_000)
  const waits = [recorder.received(2), recorder.received(1), recorder.until(() => recorder.data.includes('c'), 'c')]
  await publishAll(backplane, 'news', ['a', 'b', 'c'])
  await Promise.all(waits)
  expect(recorder.data).toEqual(['a', 'b', 'c'])
})

test('a wait that times out says how many entries arrived, and does not affect later waits', async () => {
  const backplane = memoryBackplane()
  const recorder = await Recorder.of(backplane, 'news', { last: 0 }, 100)
  const inVain = recorder.received(2)
  await publishAll(backplane, 'news', ['a'])
  await expect(inVain).rejects.toThrow('waited in vain for 2 entries; received 1 entries, 0 gaps')
  const next = recorder.received(2)
  await publishAll(backplane, 'news', ['b'])
  await next
})
