import { expect, test } from '@jest/globals'
import { memoryBackplane } from '@ssekit/sse-core'
import { Hearing, publishAll } from '../src/backplane-contract/hearing.js'

test('what a subscription hears may be waited for by several at the same time', async () => {
  const backplane = memoryBackplane()
  const hearing = await Hearing.of(backplane, 'news', { last: 0 }, 2_000)
  const waits = [hearing.heard(2), hearing.heard(1), hearing.until(() => hearing.data.includes('c'), 'c')]
  await publishAll(backplane, 'news', ['a', 'b', 'c'])
  await Promise.all(waits)
  expect(hearing.data).toEqual(['a', 'b', 'c'])
})

test('a wait that is in vain says what there was instead, and another one is not disturbed', async () => {
  const backplane = memoryBackplane()
  const hearing = await Hearing.of(backplane, 'news', { last: 0 }, 100)
  const inVain = hearing.heard(2)
  await publishAll(backplane, 'news', ['a'])
  await expect(inVain).rejects.toThrow('waited in vain for 2 entries; heard 1 entries, 0 gaps')
  const next = hearing.heard(2)
  await publishAll(backplane, 'news', ['b'])
  await next
})
