import { getEventListeners } from 'node:events'
import { afterEach, expect, test } from '@jest/globals'
import { memoryBackplane, type SseConnection, SseManager } from '@ssekit/sse-core'
import { type Serving, serveSource } from './clients/one-source.js'
import { RawClient } from './clients/raw-client.js'

let manager: SseManager
let serving: Serving
afterEach(async () => {
  await serving.close()
  expect(manager.stats().connections).toBe(0)
})

/** Creates a manager whose backplane answers once the returned function is called. */
function slow(): () => void {
  const memory = memoryBackplane()
  let answer: () => void = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const subscribe: typeof memory.subscribe = async (...args) => {
    await answered
    return memory.subscribe(...args)
  }
  manager = new SseManager({ backplane: { ...memory, subscribe } })
  return answer
}

test('if the manager is closed while a channel warms up, the client gets a retry time', async () => {
  const answer = slow()
  serving = await serveSource(() => manager.getOrCreate('news'), { manager })
  const client = new RawClient(serving.url)
  await serving.asked
  const closed = manager.close({ retryMs: 1234 })
  answer()
  await closed
  expect(await serving.outcome).toBe('shutdown')
  await client.until(() => client.isOver)
  expect(client.text).toContain('retry: 1234\n\n')
})

test("if a subscription's signal aborts while its channel warms up, it never begins", async () => {
  const answer = slow()
  const controller = new AbortController()
  const news = manager.getOrCreate('news')
  serving = await serveSource(
    () => async (connection: SseConnection) => {
      await connection.subscribe(news, { signal: controller.signal })
      await connection.send('over')
    },
    { manager },
  )
  const client = new RawClient(serving.url)
  await serving.asked
  controller.abort()
  answer()
  await client.until(() => client.isOver)
  expect(client.data).toEqual(['over'])
  expect(news.subscriberCount).toBe(0)
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})
