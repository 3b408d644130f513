import { afterEach, expect, test } from '@jest/globals'
import type { RedisClient } from '@ssekit/sse-redis'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

let stage: Stage
afterEach(() => stage.end())

/** Delays the replies to a client until `letThrough()`, as a slow network would. */
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
  '%s: a read() never gets a reply from before its call, and calls during another one share a reply',
  async (_name, connect) => {
    stage = await Stage.open(connect)
    const [reader, publisher] = [await stage.node(), await stage.node()]
    const first = await publisher.backplane.publish('news', { event: { data: 1 } })
    const read = async (): Promise<string[] | undefined> =>
      (await reader.backplane.read('news', first, 10))?.map(({ id }) => id)
    // From now on the server knows the script.
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
    // The same when no request is pending.
    const third = await publisher.backplane.publish('news', { event: { data: 3 } })
    expect(await read()).toEqual([second, third])
    expect(answers.asked).toBe(3)
  },
)
