import { afterEach, expect, test } from '@jest/globals'
import type { RedisClient } from '@ssekit/sse-redis'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

let stage: Stage
afterEach(() => stage.end())

/** Answers of a client that wait until they are let through, as if the network took its time. */
class HeldAnswers {
  asked = 0
  answered = 0
  letThrough!: () => void

  constructor(client: RedisClient) {
    const gate = new Promise<void>((resolve) => {
      this.letThrough = resolve
    })
    const method = 'call' in client ? 'call' : 'sendCommand'
    const commands = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    const ask = commands[method]?.bind(client)
    commands[method] = async (...args) => {
      this.asked += 1
      const answer = await ask?.(...args)
      this.answered += 1
      await gate
      return answer
    }
  }
}

test.each(everyClient)(
  '%s: nobody gets an answer that the server gave before he asked, and those who ask meanwhile share one',
  async (_name, connect) => {
    stage = await Stage.open(connect)
    const [reader, publisher] = [await stage.node(), await stage.node()]
    const first = await publisher.backplane.publish('news', { event: { data: 1 } })
    const read = async (): Promise<string[] | undefined> =>
      (await reader.backplane.read('news', first, 10))?.map(({ id }) => id)
    // The server knows the script now.
    expect(await read()).toEqual([])

    const answers = new HeldAnswers(reader.client)
    const early = read()
    await until(() => answers.answered === 1, 'an answer')
    const second = await publisher.backplane.publish('news', { event: { data: 2 } })
    const late = [read(), read(), read()]
    answers.letThrough()
    expect(await early).toEqual([])
    expect(await Promise.all(late)).toEqual([[second], [second], [second]])
    expect(answers.asked).toBe(2)
    // And again, now that nothing is under way.
    const third = await publisher.backplane.publish('news', { event: { data: 3 } })
    expect(await read()).toEqual([second, third])
    expect(answers.asked).toBe(3)
  },
)
