import { expect, test } from '@jest/globals'
import { RunningRecipe } from './running-recipe.js'

const WHOLE = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

test.each(['http', 'express', 'fastify', 'koa'])(
  'the %s recipe ends its streams, answers requests that have begun, and breaks no connection off',
  async (name) => {
    const recipe = await RunningRecipe.start(name)
    const readers = await Promise.all(Array.from({ length: 8 }, () => recipe.ask('/events', 'reads')))
    for (const reader of readers) await reader.response()
    recipe.tell('broadcast')
    for (const reader of readers) await reader.until(() => reader.responses[0]?.events.at(-1)?.data === 'before')
    const idle = await recipe.ask('/')
    expect((await idle.whole()).header('connection')).toEqual(['keep-alive'])
    const held = await recipe.ask('/', 'held')
    await recipe.reported('holding')
    // Once the first request is answered, the beginning of the second one has arrived too.
    const [asking, joining] = [await recipe.connect(), await recipe.connect()]
    await asking.sendBytes(`${WHOLE}GET / HTTP/1.1\r\n`).whole()
    await joining.sendBytes(`${WHOLE}GET /events HTTP/1.1\r\n`).whole()

    recipe.terminate()
    for (const reader of readers) {
      const { events } = await reader.whole()
      expect(events.slice(-2)).toMatchObject([
        { event: 'message', data: 'before' },
        { event: 'bye', data: 'restarting' },
      ])
      await reader.closed
    }
    const retries = readers.map((reader) => reader.responses[0]?.retries.at(-1) ?? 0)
    for (const retry of retries) expect(retry >= 1_000 && retry <= 10_000).toBe(true)
    expect(new Set(retries).size).toBeGreaterThan(1)
    await idle.closed

    // An impatient operator sends SIGTERM twice.
    recipe.terminate()
    const answer = await asking.sendBytes('Host: localhost\r\n\r\n').whole(1)
    expect(answer).toMatchObject({ status: 200, text: 'Hello, world!\n' })
    expect(answer.header('connection')).toEqual(['close'])
    await asking.closed
    const refusal = await joining.sendBytes('Host: localhost\r\n\r\n').whole(1)
    // An EventSource reconnects after 200, and after no other status.
    expect(refusal.status).toBe(200)
    expect(refusal.text).toMatch(/^retry: \d+\n\n$/)
    await joining.closed
    recipe.tell('release')
    expect(await held.whole()).toMatchObject({ status: 200, text: 'Hello, world!\n' })
    await held.closed

    expect(await recipe.exited).toEqual({ code: 0, signal: null, stdout: 'stopped\n', stderr: '' })
    expect(recipe.all('all-cut')).toEqual([])
  },
)
