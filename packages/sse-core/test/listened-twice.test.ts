import { expect, test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import { collect } from './collecting.js'

test('two loops over one listen() both receive later events, and the first one also those since the call', async () => {
  const channel = new SseChannel('news')
  const listening = channel.listen()
  await channel.broadcast('1')
  const loops = [collect(listening), collect(listening)]
  for (const data of ['2', '3', '4']) await channel.broadcast(data)
  await channel.end()
  await Promise.all(loops.map(({ over }) => over))
  expect(loops.map(({ data }) => data)).toEqual([
    ['1', '2', '3', '4'],
    ['2', '3', '4'],
  ])
})
