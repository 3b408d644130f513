import { strict as assert } from 'node:assert'
import { SseChannel, type SseEvent, type SseOptions } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { takeData } from './take-events.js'

/** What is sent on an idle stream. */
export function heartbeatScenarios({ scenario }: Script): void {
  const beating = (options: SseOptions): SseOptions => ({ heartbeatMs: 10, checkpoints: false, ...options })

  scenario('an idle stream gets heartbeats as comments', async (stage) => {
    const served = await stage.serve(({ sse }) => sse(new SseChannel('silent'), beating({})))
    const reader = await served.open()
    await reader.until(() => reader.comments.length >= 3, 'heartbeats')
    assert.equal(reader.text.startsWith('retry: 2000\n\n: heartbeat\n\n: heartbeat\n\n'), true)
    assert.deepEqual(reader.events, [])
  })

  scenario('iterables, listen() and functions get heartbeats while they are idle', async (stage) => {
    const served = await stage.serve({
      '/iterable': ({ sse }) => sse(waiting(), beating({})),
      '/listen': ({ sse }) => sse(new SseChannel('silent').listen({ heartbeatMs: 10 }), { checkpoints: false }),
      '/function': ({ sse }) =>
        sse((connection) => {
          connection.open()
          return new Promise(() => {})
        }, beating({})),
    })
    for (const path of ['/iterable', '/listen', '/function']) {
      const reader = await served.open(path)
      await reader.until(() => reader.comments.length >= 2, `heartbeats of ${path}`)
    }
  })

  scenario('a busy stream gets no heartbeats', async (stage) => {
    const channel = new SseChannel('busy')
    const idle = new SseChannel('idle')
    const served = await stage.serve({
      '/busy': ({ sse }) => sse(channel, beating({ heartbeatMs: 60 })),
      '/idle': ({ sse }) => sse(idle, beating({ heartbeatMs: 60 })),
    })
    const [busy, other] = await Promise.all([served.open('/busy'), served.open('/idle')])
    const broadcasting = setInterval(() => void channel.broadcast('news'), 2)
    try {
      await other.until(() => other.comments.length >= 3, 'heartbeats of the idle stream')
    } finally {
      clearInterval(broadcasting)
    }
    assert.deepEqual(busy.comments, [])
  })

  scenario('heartbeatMs: 0 turns heartbeats off', async (stage) => {
    const manager = stage.manager({ heartbeatMs: 10 })
    const channel = manager.getOrCreate('silent')
    const served = await stage.serve(
      {
        '/off': ({ sse }) => sse(channel, { heartbeatMs: 0, checkpoints: false }),
        '/on': ({ sse }) => sse(channel, { checkpoints: false }),
      },
      { manager },
    )
    const [off, on] = await Promise.all([served.open('/off'), served.open('/on')])
    await on.until(() => on.comments.length >= 5, 'heartbeats')
    assert.deepEqual(off.comments, [])
    await channel.broadcast('still open')
    assert.deepEqual(await takeData(off, 1), ['still open'])
  })

  scenario(
    'a heartbeat can be an event, data or a comment of several lines, and cannot inject fields',
    async (stage) => {
      const events: (SseEvent | string)[] = [
        { event: 'ping', data: { at: 1 } },
        { comment: 'a\ndata: injected\n\nb\rdata: injected\r\rc' },
        'as data',
      ]
      let next = 0
      const served = await stage.serve(({ sse }) =>
        sse(new SseChannel('silent'), beating({ heartbeat: () => events[next++ % events.length] as SseEvent })),
      )
      const reader = await served.open()
      await reader.until(() => next > 3 && reader.events.length >= 2, 'heartbeats')
      assert.deepEqual(reader.events.slice(0, 2), [
        { event: 'ping', data: '{"at":1}', id: undefined },
        { event: 'message', data: 'as data', id: undefined },
      ])
      assert.deepEqual(reader.comments.slice(0, 7), ['a', 'data: injected', '', 'b', 'data: injected', '', 'c'])
    },
  )

  for (const [what, heartbeat] of [
    ['throws', () => assert.fail('no heartbeat')],
    ['is an invalid event', () => ({ event: 'a\ndata: injected' })],
  ] as const) {
    scenario(`a heartbeat that ${what} goes to onError, and a heartbeat is sent all the same`, async (stage) => {
      const channel = new SseChannel('silent')
      const served = await stage.serve(({ sse }) => sse(channel, beating({ heartbeat })))
      const reader = await served.open()
      await reader.until(() => reader.comments.length >= 2, 'heartbeats')
      await channel.broadcast('news')
      assert.deepEqual(await takeData(reader, 1), ['news'])
      assert.equal(stage.errors.length >= 2, true)
      assert.deepEqual(served.reported, [])
    })
  }

  scenario('heartbeats stop when their stream ends', async (stage) => {
    let beats = 0
    const manager = stage.manager({ heartbeatMs: 10 })
    const count = (): string => {
      beats += 1
      return 'beat'
    }
    const served = await stage.serve(({ sse }) => sse(manager.getOrCreate('silent'), { heartbeat: count }), { manager })
    const [gone, ended] = await Promise.all([served.open(), served.open()])
    await eventually(() => beats >= 4, 'heartbeats')
    gone.abort()
    manager.clear()
    await ended.end()
    await Promise.all([(await served.request(0)).outcome(), (await served.request(1)).outcome()])
    const before = beats
    const other = await stage.serve(({ sse }) => sse(new SseChannel('silent'), { heartbeatMs: 10 }))
    const reader = await other.open()
    await reader.until(() => reader.comments.length >= 4, 'heartbeats of another stream')
    assert.equal(beats, before)
  })
}

async function* waiting(): AsyncGenerator<string> {
  await new Promise(() => {})
  yield 'never'
}
