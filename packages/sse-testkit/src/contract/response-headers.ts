import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import type { Script } from './scenario.js'

/** Status and headers of an event stream, and when they are sent. */
export function responseHeaderScenarios({ scenario, traits }: Script): void {
  scenario(
    'the response headers declare an event stream and forbid caching, transforming and buffering',
    async (stage) => {
      const served = await stage.serve(({ sse }) => sse(['one']))
      const { status, headers } = await served.open()
      assert.equal(status, 200)
      // Two headers of the same name would be joined by a comma.
      assert.equal(headers.get('content-type'), 'text/event-stream; charset=utf-8')
      assert.equal(headers.get('cache-control'), 'no-cache, no-transform')
      assert.equal(headers.get('x-accel-buffering'), 'no')
      assert.equal(headers.has('content-length'), false)
      assert.equal(headers.get('connection'), traits.httpVersion === 1 ? 'keep-alive' : null)
    },
  )

  scenario('a stream begins with its `retry:` line, before any event', async (stage) => {
    const served = await stage.serve(({ sse }) => sse(['one'], { retryMs: 1_234 }))
    const reader = await served.open()
    await reader.end()
    assert.equal(reader.text, 'retry: 1234\n\ndata: one\n\n')
  })

  scenario(
    'the retry time is that of the response, else of the channel, else of the manager, else two seconds',
    async (stage) => {
      const manager = stage.manager({ retryMs: 1_000 })
      const channel = manager.getOrCreate('with its own', { retryMs: 3_000 })
      const served = await stage.serve(
        {
          '/manager': ({ sse }) => sse([]),
          '/channel': ({ sse }) => sse(channel),
          '/response': ({ sse }) => sse(channel, { retryMs: 0 }),
        },
        { manager },
      )
      const plain = await stage.serve(({ sse }) => sse([]))
      const readers = await Promise.all([
        plain.open(),
        served.open('/manager'),
        served.open('/channel'),
        served.open('/response'),
      ])
      await Promise.all(readers.map((reader) => reader.until(() => reader.retries.length > 0, 'retry')))
      assert.deepEqual(
        readers.map(({ retries }) => retries),
        [[2_000], [1_000], [3_000], [0]],
      )
    },
  )

  scenario('the response headers are sent before the first event, so that onopen fires', async (stage) => {
    const channel = new SseChannel('silent')
    const served = await stage.serve({
      '/channel': ({ sse }) => sse(channel, { checkpoints: false }),
      '/listen': ({ sse }) => sse(channel.listen(), { checkpoints: false }),
      '/iterable': ({ sse }) => sse(forever()),
      '/function': ({ sse }) =>
        sse((connection) => {
          connection.open()
          return new Promise(() => {})
        }),
    })
    for (const path of ['/channel', '/listen', '/iterable', '/function']) {
      const reader = await served.open(path)
      assert.equal(reader.status, 200, path)
      await reader.until(() => reader.retries.length === 1, `the preamble of ${path}`)
      assert.deepEqual(reader.events, [], path)
    }
    await channel.close()
  })

  scenario('the response headers of a function are not sent before its first send()', async (stage) => {
    let send = (): void => {}
    const served = await stage.serve(({ sse }) =>
      sse(async (connection) => {
        await new Promise<void>((resolve) => {
          send = resolve
        })
        await connection.send('now')
      }),
    )
    const opening = served.open()
    const { res } = await served.request()
    assert.equal(res.headersSent, false)
    send()
    assert.equal((await (await opening).take(1))[0]?.data, 'now')
  })

  scenario('headers that earlier middleware set are sent, including several Set-Cookie headers', async (stage) => {
    const served = await stage.serve(({ sse, setHeader }) => {
      setHeader('Access-Control-Allow-Origin', 'https://example.test')
      setHeader('Set-Cookie', ['a=1', 'b=2'])
      return sse([])
    })
    const { headers } = await served.open()
    assert.equal(headers.get('access-control-allow-origin'), 'https://example.test')
    // Copied, since a test runner may give `fetch` and the tests different `Array` classes.
    assert.deepEqual([...headers.getSetCookie()], ['a=1', 'b=2'])
  })

  scenario(
    'the headers option adds to the headers of earlier middleware, and replaces those of the same name',
    async (stage) => {
      const served = await stage.serve(({ sse, setHeader }) => {
        setHeader('X-Kept', 'kept')
        setHeader('X-Replaced', 'old')
        return sse([], { headers: { 'x-replaced': 'new', 'X-Added': ['1', '2'], 'X-None': undefined } })
      })
      const { headers } = await served.open()
      assert.equal(headers.get('x-kept'), 'kept')
      assert.equal(headers.get('x-replaced'), 'new')
      assert.equal(headers.get('x-added'), '1, 2')
      assert.equal(headers.has('x-none'), false)
    },
  )

  scenario('the headers option and earlier middleware can replace Cache-Control', async (stage) => {
    const served = await stage.serve({
      '/option': ({ sse }) => sse([], { headers: { 'Cache-Control': 'no-store' } }),
      '/earlier': ({ sse, setHeader }) => {
        setHeader('Cache-Control', 'private')
        return sse([])
      },
    })
    assert.equal((await served.open('/option')).headers.get('cache-control'), 'no-store')
    assert.equal((await served.open('/earlier')).headers.get('cache-control'), 'private')
  })

  scenario(
    'a Content-Length or Content-Type of earlier middleware or of the headers option is not sent',
    async (stage) => {
      const headers = { 'content-type': 'text/plain' }
      for (const options of [{}, { headers }]) {
        const served = await stage.serve(({ sse, setHeader }) => {
          setHeader('Content-Length', '5')
          setHeader('Content-Type', 'application/json')
          return sse(['longer than five bytes'], options)
        })
        const reader = await served.open()
        assert.equal(reader.headers.get('content-type'), 'text/event-stream; charset=utf-8')
        assert.equal(reader.headers.has('content-length'), false)
        assert.equal((await reader.take(1))[0]?.data, 'longer than five bytes')
      }
    },
  )

  scenario('the status option sets the status of the response', async (stage) => {
    const served = await stage.serve(({ sse }) => sse(['one'], { status: 202 }))
    const reader = await served.open()
    assert.equal(reader.status, 202)
    assert.equal((await reader.take(1))[0]?.data, 'one')
  })
}

async function* forever(): AsyncGenerator<string> {
  await new Promise(() => {})
  yield 'never'
}
