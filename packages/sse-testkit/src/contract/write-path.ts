import { strict as assert } from 'node:assert'
import { ServerResponse } from 'node:http'
import { SseChannel } from '@ssekit/sse-core'
import { fillSocket } from './full-socket.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, numbers, takeData } from './take-events.js'

/** Other code that writes to the same HTTP/1 response: the fast path past `res.write` must not bypass it. */
export function writePathScenarios({ scenario, traits }: Script): void {
  if (traits.httpVersion !== 1 || traits.api === 'fetch') return

  scenario(
    'after other code calls res.end(), no event is written into the next response of the connection',
    async (stage) => {
      const channel = new SseChannel('news')
      const served = await stage.serve({
        '/stream': ({ sse }) => sse(channel, { heartbeatMs: 10 }),
        '/other': ({ res }) => {
          res.end('other')
          return new Promise((resolve) => {
            res.on('close', resolve)
          })
        },
      })
      const client = await served.raw({ path: '/stream' })
      await subscribed(channel)
      await channel.broadcast('before')
      await client.until(() => dataOf(client.responses[0] ?? { events: [] }).includes('before'), 'the stream')
      const request = await served.request()
      // One broadcast before the end and one after it, in the same tick, before any listener is called.
      void channel.broadcast('into the void')
      ;(request.res as ServerResponse).end()
      void channel.broadcast('into the void')
      client.send({ path: '/stream' })
      for (const data of numbers(1, 20)) {
        void channel.broadcast(data)
        await new Promise(setImmediate)
      }
      await client.until(() => dataOf(client.responses[1] ?? { events: [] }).includes('20'), 'the next stream')
      assert.equal((await client.whole(0)).text.includes('void'), false)
      assert.deepEqual(await request.outcome(), { reason: 'end' })
      assert.equal(channel.subscriberCount, 1)
    },
  )

  scenario("a broadcast in a 'prefinish' listener, while other code calls res.end(), is not written", async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve({
      '/stream': ({ res, sse }) => {
        ;(res as ServerResponse).once('prefinish', () => {
          void channel.broadcast('into the void')
          void channel.close()
        })
        return sse(channel)
      },
      '/next': ({ sse }) => sse(['next']),
    })
    const client = await served.raw({ path: '/stream' })
    await subscribed(channel)
    ;((await served.request()).res as ServerResponse).end()
    client.send({ path: '/next' })
    await client.until(() => dataOf(client.responses[1] ?? { events: [] }).includes('next'), 'the next stream')
    assert.equal((await client.whole(0)).text.includes('void'), false)
  })

  scenario(
    'res.end() by other code on a full socket ends the stream at once, and writeTimeoutMs cuts it',
    async (stage) => {
      const manager = stage.manager({ writeTimeoutMs: 2_000 })
      const channel = manager.getOrCreate('news')
      const served = await stage.serve(({ sse }) => sse(channel), { manager })
      const reader = await served.open('/', { isPaused: true })
      await subscribed(channel)
      const request = await served.request()
      await fillSocket(channel, request)
      ;(request.res as ServerResponse).end()
      assert.equal(channel.subscriberCount, 0)
      assert.equal(manager.stats().connections, 0)
      assert.deepEqual(await request.outcome(), { reason: 'end' })
      reader.resume()
      assert.equal(await reader.end(), 'cut')
    },
  )

  scenario('middleware that replaced res.write sees every byte once', async (stage) => {
    const channel = new SseChannel('news')
    let seen = ''
    const served = await stage.serve(({ sse, res }) => {
      const { write } = ServerResponse.prototype
      Object.assign(res, {
        write(this: ServerResponse, chunk: Buffer) {
          seen += chunk.toString()
          return write.call(this, chunk, 'utf8')
        },
      })
      return sse(channel)
    })
    const client = await served.raw({})
    await subscribed(channel)
    await channel.broadcast('one')
    await channel.end()
    const response = await client.whole()
    assert.equal(response.text, seen)
    assert.deepEqual(dataOf(response), ['one'])
  })

  scenario('if middleware adds res.flush(), it is called after each write', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse, res }) => {
      const { write } = ServerResponse.prototype
      const held: Buffer[] = []
      Object.assign(res, {
        write(chunk: Buffer) {
          held.push(chunk)
          return true
        },
        flush(this: ServerResponse) {
          for (const chunk of held.splice(0)) write.call(this, chunk, 'utf8')
        },
      })
      return sse(channel)
    })
    const client = await served.raw({})
    await subscribed(channel)
    await channel.broadcast('one')
    await client.until(() => dataOf(client.responses[0] ?? { events: [] }).includes('one'), 'the event')
  })

  scenario('a response that other code has corked is sent in order', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse, res }) => {
      res.cork()
      setImmediate(() => res.uncork())
      return sse(channel, { checkpoints: false })
    })
    const client = await served.raw({})
    await subscribed(channel)
    await channel.broadcast('one')
    await new Promise(setImmediate)
    await channel.broadcast('two')
    await channel.end()
    assert.deepEqual(dataOf(await client.whole()), ['one', 'two'])
  })

  for (const status of [204, 304]) {
    scenario(`a response with status ${status} has no body, and its connection can be reused`, async (stage) => {
      const served = await stage.serve({
        '/empty': ({ sse }) => sse(['one'], { status }),
        '/full': ({ sse }) => sse(['two']),
      })
      const client = await served.raw({ path: '/empty' })
      assert.equal((await client.whole(0)).status, status)
      client.send({ path: '/full' })
      assert.deepEqual(dataOf(await client.whole(1)), ['two'])
    })
  }

  scenario(
    'with a Content-Encoding, events go through res.write, even if it is replaced only after the headers',
    async (stage) => {
      const channel = new SseChannel('news')
      const headers = { 'Content-Encoding': 'identity' }
      const served = await stage.serve(({ sse }) => sse(channel, { headers, checkpoints: false }))
      const reader = await served.open()
      await subscribed(channel)
      const { res } = await served.request()
      const write = res.write as (chunk: Uint8Array) => boolean
      let written = ''
      res.write = (chunk: Uint8Array) => {
        written += Buffer.from(chunk).toString()
        return write.call(res, chunk)
      }
      await channel.broadcast('one')
      assert.deepEqual(await takeData(reader, 1), ['one'])
      assert.match(written, /^id: \S+\ndata: one\n\n$/)
    },
  )
}
