import { afterEach, expect, test } from '@jest/globals'
import { connectIoredis } from './clients.js'
import { Stage } from './stage.js'

const CHANNELS = 1_000

let stage: Stage
afterEach(() => stage.end())

/** The figure of the README and of docs/scaling.md. */
test('a channel with three small events takes Redis about 5 KB', async () => {
  stage = await Stage.open(connectIoredis, { appendOnly: false })
  const { backplane } = await stage.node()
  const usedBytes = async (): Promise<number> =>
    Number(/^used_memory:(\d+)/m.exec(await stage.control.info('memory'))?.[1])
  const publish = (): Promise<unknown> =>
    Promise.all(
      Array.from({ length: CHANNELS }, (_, index) => backplane.publish(`channel ${index}`, { event: { data: index } })),
    )
  await backplane.publish('first', { event: { data: 1 } })
  const before = await usedBytes()
  for (let event = 0; event < 3; event++) await publish()
  const each = ((await usedBytes()) - before) / CHANNELS
  expect(each).toBeGreaterThan(4_000)
  expect(each).toBeLessThan(6_500)
})
