import { describe, expect, test } from '@jest/globals'
import cors from '@koa/cors'
import Router from '@koa/router'
import { injectChannel, SseChannel, SseManager, sse } from '@ssekit/koa-sse'
import { faults, readEvents } from '@ssekit/sse-testkit'
import Koa3 from 'koa'
import compress from 'koa-compress'
import Koa2 from 'koa2'
import { listen } from '../../sse-testkit/test/network/listen.js'

for (const [version, Koa] of [
  ['2', Koa2],
  ['3', Koa3],
] as const) {
  describe(`Koa ${version}`, () => {
    test('a client that disconnects, even with a TCP reset, causes no error event on the application', async () => {
      const errors: unknown[] = []
      const channel = new SseChannel('news')
      const over: Promise<string>[] = []
      const app: Koa3 = new Koa()
      app.on('error', (error) => errors.push(error))
      app.use(sse())
      app.use((ctx) => {
        const promise = ctx.sse(channel)
        over.push(promise)
        return promise
      })
      const url = await listen(app.callback())
      const polite = await readEvents(url)
      polite.abort()
      await faults.reset(url)
      expect(await Promise.all(over)).toEqual(['client', 'client'])
      expect(errors).toEqual([])
    })

    test('a replaced ctx.onerror() is called with the error of a stream, but not when a client disconnects', async () => {
      const errors: unknown[] = []
      const channel = new SseChannel('news')
      const over: Promise<string>[] = []
      const app: Koa3 = new Koa()
      app.use((ctx, next) => {
        ctx.onerror = (error) => {
          if (error !== null) errors.push(error)
        }
        return next()
      })
      app.use(sse({ manager: new SseManager({ onError: () => {} }) }))
      app.use((ctx) => {
        const promise = ctx.sse(channel, {
          filter: () => {
            throw new Error('not today')
          },
        })
        over.push(promise)
        return promise
      })
      const url = await listen(app.callback())
      await faults.reset(url)
      expect(await over[0]).toBe('client')
      const reader = await readEvents(url)
      await reader.take(1)
      await channel.broadcast('news')
      await reader.end()
      await expect(over[1]).rejects.toThrow('not today')
      await new Promise(setImmediate)
      expect(errors).toEqual([new Error('not today')])
    })

    test('outer middleware can catch and answer an error before the response headers', async () => {
      const app: Koa3 = new Koa()
      app.use(async (ctx, next) => {
        try {
          await next()
        } catch (error) {
          ctx.status = 418
          ctx.body = (error as Error).message
        }
      })
      app.use(sse())
      app.use((ctx) =>
        ctx.sse(() => {
          throw new Error('early')
        }),
      )
      const reader = await readEvents(await listen(app.callback()))
      await reader.end()
      expect([reader.status, reader.text]).toEqual([418, 'early'])
    })

    test('an error of ctx.sse() that nobody awaits goes to onError', async () => {
      const errors: unknown[] = []
      const error = new Error('late')
      const app: Koa3 = new Koa()
      app.use(sse({ manager: new SseManager({ onError: (reported) => errors.push(reported) }) }))
      app.use((ctx) => {
        void ctx.sse(
          (async function* () {
            yield 'one'
            throw error
          })(),
        )
        ctx.respond = false
      })
      const reader = await readEvents(await listen(app.callback()))
      await reader.end()
      expect(reader.events.map(({ data }) => data)).toEqual(['one'])
      expect(errors).toEqual([error])
    })

    test('with koa-compress, events arrive at once', async () => {
      const channel = new SseChannel('news')
      const app: Koa3 = new Koa()
      app.use(compress({ threshold: 0 }))
      app.use(sse())
      app.use((ctx) => ctx.sse(channel, { checkpoints: false, headers: { 'Cache-Control': 'no-cache' } }))
      const reader = await readEvents(await listen(app.callback()))
      await channel.broadcast('one')
      expect(await reader.take(1)).toMatchObject([{ data: 'one' }])
      reader.abort()
    })

    test('headers set by @koa/cors are kept', async () => {
      const app: Koa3 = new Koa()
      app.use(cors({ origin: 'https://example.test', credentials: true }))
      app.use(sse())
      app.use((ctx) => ctx.sse([]))
      const { headers } = await readEvents(await listen(app.callback()), {
        headers: { origin: 'https://example.test' },
      })
      expect(headers.get('access-control-allow-origin')).toBe('https://example.test')
      expect(headers.get('access-control-allow-credentials')).toBe('true')
    })

    test('injectChannel() can take the channel name from the parameters of its route', async () => {
      const manager = new SseManager()
      const app: Koa3 = new Koa()
      const router = new Router()
      router.get(
        '/rooms/:room',
        injectChannel((ctx) => `room ${String((ctx as unknown as { params: { room: string } }).params.room)}`),
        (ctx) => ctx.sse(ctx.sseChannel, { checkpoints: false }),
      )
      app.use(sse({ manager })).use(router.routes())
      const reader = await readEvents(`${await listen(app.callback())}/rooms/red`)
      expect(manager.listChannels()).toEqual(['room red'])
      await manager.get('room red')?.broadcast('hello')
      expect(await reader.take(1)).toMatchObject([{ data: 'hello' }])
      reader.abort()
    })
  })
}
