import { strict as assert } from 'node:assert'
import { ServerResponse } from 'node:http'
import { SseChannel } from '@ssekit/sse-core'
import { subscribed } from './departure.js'
import { fillSocket } from './full-socket.js'
import { dataOf, numbers, takeData } from './news.js'
import type { Script } from './scenario.js'

/** Other code that writes to the same HTTP/1 response: the fast path past `res.write` must not bypass it. */
export function writePathScenarios({ scenario, traits }: Script): void {
  if (traits.httpVersion !== 1) return

  scenario("after somebody else's res.end() nothing is written into the next response", async (stage) => {
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
    // One before and one after, in the very tick of the end, before any listener has been called.
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
  })

  scenario(
    "after somebody else's res.end() nothing is written, though he broadcasts as it is called",
    async (stage) => {
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
    },
  )

  scenario("somebody else's res.end() on a full socket is the end at once, and is cut in time", async (stage) => {
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
  })

  scenario('middleware that replaced res.write sees every byte, and none twice', async (stage) => {
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

  scenario('where something buffers, its flush is called behind what was written', async (stage) => {
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

  scenario('a response that somebody corked is in order all the same', async (stage) => {
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
    scenario(`a status of ${status} has no body, and the connection stays whole`, async (stage) => {
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
    'where the content is encoded, events go through res.write, though nobody replaces it before the head',
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
