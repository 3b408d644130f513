import { once } from 'node:events'
import { get } from 'node:http'
import { createGunzip } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { injectChannel, SseChannel, SseManager, sse } from '@ssekit/express-sse'
import { type EventReader, readEvents, sseParser } from '@ssekit/sse-testkit'
import compression from 'compression'
import cors from 'cors'
import express5, { type ErrorRequestHandler, type RequestHandler } from 'express'
import express4 from 'express4'
import request from 'supertest'
import { listen } from '../../sse-testkit/test/network/listen.js'

for (const [version, express] of [
  ['4', express4],
  ['5', express5],
] as const) {
  describe(`Express ${version}`, () => {
    const note =
      (list: unknown[]): ErrorRequestHandler =>
      (error, _req, res, next) => {
        list.push(error)
        if (res.headersSent) next()
        else res.status(418).send('teapot')
      }

    test('an error before or after the response headers goes to the error handler of the innermost router', async () => {
      const [inner, outer]: [unknown[], unknown[]] = [[], []]
      const app = express()
      app.use(sse({ manager: new SseManager({ onError: () => {} }) }))
      const router = express.Router()
      const [early, late] = [new Error('early'), new Error('late')]
      router.get('/early', (_req, res) => {
        void res.sse(() => {
          throw early
        })
      })
      router.get('/late', (_req, res) => {
        void res.sse(async (connection) => {
          await connection.send('one')
          throw late
        })
      })
      router.use(note(inner))
      app.use('/nested', router)
      app.use(note(outer))
      const url = await listen(app)
      expect((await readEvents(`${url}/nested/early`)).status).toBe(418)
      const reader = await readEvents(`${url}/nested/late`)
      await reader.end()
      expect(reader.text).not.toContain('late')
      expect(inner).toEqual([early, late])
      expect(outer).toEqual([])
    })

    // As with `res.render()` and `res.sendFile()`: a response does not know the `next()` of its own route.
    test('an error skips the error handlers of its own route, and goes to those of its router', async () => {
      const [own, routers]: [unknown[], unknown[]] = [[], []]
      const app = express()
      app.use(sse({ manager: new SseManager({ onError: () => {} }) }))
      const error = new Error('early')
      const handler: RequestHandler = (_req, res) =>
        res.sse(() => {
          throw error
        })
      app.get('/', handler, note(own))
      const router = express.Router()
      router.get('/', handler)
      router.use(note(routers))
      app.use('/routed', router)
      const outer: unknown[] = []
      app.use(note(outer))
      const url = await listen(app)
      expect((await readEvents(url)).status).toBe(418)
      expect([own, outer]).toEqual([[], [error]])
      expect((await readEvents(`${url}/routed`)).status).toBe(418)
      expect([routers, outer]).toEqual([[error], [error]])
    })

    test('an error after the headers reaches next() once, and the promise of res.sse() resolves', async () => {
      const errors: unknown[] = []
      const outcomes: unknown[] = []
      const error = new Error('late')
      const app = express()
      app.use(sse({ manager: new SseManager({ onError: () => {} }) }))
      app.get('/', async (_req, res) => {
        outcomes.push(
          await res.sse(
            (function* () {
              yield 'one'
              throw error
            })(),
          ),
        )
      })
      app.use(note(errors))
      await (await readEvents(await listen(app))).end()
      expect(outcomes).toEqual(['error'])
      expect(errors).toEqual([error])
    })

    test('injectChannel() can take the channel name from the parameters of its route', async () => {
      const manager = new SseManager()
      const app = express()
      app.use(sse({ manager }))
      app.get(
        '/rooms/:room',
        injectChannel((req) => `room ${String(req.params.room)}`, { history: { maxEvents: 5 } }),
        (req, res) => {
          void res.sse(req.sseChannel, { checkpoints: false })
        },
      )
      const reader = await readEvents(`${await listen(app)}/rooms/red`)
      expect(manager.listChannels()).toEqual(['room red'])
      await manager.get('room red')?.broadcast('hello')
      expect(await reader.take(1)).toMatchObject([{ data: 'hello' }])
      reader.abort()
    })

    test('headers set by cors() are kept', async () => {
      const app = express()
      app.use(cors({ origin: 'https://example.test', credentials: true }), sse())
      app.get('/', (_req, res) => void res.sse([]))
      const { headers } = await readEvents(await listen(app))
      expect(headers.get('access-control-allow-origin')).toBe('https://example.test')
      expect(headers.get('access-control-allow-credentials')).toBe('true')
    })

    test('with compression(), events arrive at once and uncompressed', async () => {
      const channel = new SseChannel('news')
      const app = express()
      app.use(compression({ threshold: 0 }), sse())
      app.get('/', (_req, res) => void res.sse(channel, { checkpoints: false }))
      const reader = await readEvents(await listen(app))
      expect(reader.headers.get('content-encoding')).toBeNull()
      await channel.broadcast('one')
      expect(await reader.take(1)).toMatchObject([{ data: 'one' }])
      reader.abort()
    })

    test('with compression() and a Cache-Control without no-transform, compressed events arrive at once', async () => {
      const channel = new SseChannel('news')
      const app = express()
      app.use(compression({ threshold: 0 }), sse())
      app.get(
        '/',
        (_req, res) => void res.sse(channel, { checkpoints: false, headers: { 'Cache-Control': 'no-cache' } }),
      )
      const { reader, encoding } = await readGzip(await listen(app))
      expect(encoding).toBe('gzip')
      for (const data of ['one', 'two']) {
        await channel.broadcast(data)
        expect(await reader.take(1)).toMatchObject([{ data }])
      }
      await channel.end()
      expect(await reader.end()).toBe('complete')
    })

    test('supertest can read a stream that does not end', async () => {
      const channel = new SseChannel('news')
      await channel.broadcast('one')
      await channel.broadcast({ event: 'two', data: 2 })
      const app = express()
      app.use(sse())
      app.get('/', (_req, res) => void res.sse(channel, { rewind: 2, checkpoints: false }))
      const { body, status } = await request(app)
        .get('/')
        .buffer(true)
        .parse(sseParser((_event, all) => all.length === 2))
      expect(status).toBe(200)
      expect(body).toMatchObject([
        { event: 'message', data: 'one' },
        { event: 'two', data: '2' },
      ])
    })
  })
}

async function readGzip(url: string): Promise<{ reader: EventReader; encoding: string | undefined }> {
  const [response] = await once(get(url, { headers: { 'accept-encoding': 'gzip' }, agent: false }), 'response')
  const encoding: string | undefined = response.headers['content-encoding']
  return { reader: await readEvents(response.pipe(createGunzip())), encoding }
}
