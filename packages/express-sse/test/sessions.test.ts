import { expect, test } from '@jest/globals'
import { SseManager, sse } from '@ssekit/express-sse'
import { readEvents } from '@ssekit/sse-testkit'
import express, { type Request, type RequestHandler } from 'express'
import { listen } from '../../sse-testkit/test/network/listen.js'

interface Session {
  seen?: number
  save(callback: (error?: unknown) => void): void
}

/** A session like those of express-session with `resave: false`: written to its store when the response ends. */
function session(stored: unknown[]): RequestHandler {
  return (req, res, next) => {
    const values: Session = Object.defineProperty({}, 'save', {
      value: (callback: () => void) => {
        stored.push({ ...values })
        setImmediate(callback)
      },
    }) as Session
    Object.assign(req, { session: values })
    const end = res.end.bind(res) as (...args: unknown[]) => typeof res
    res.end = (...args: unknown[]) => {
      values.save(() => {})
      return end(...args)
    }
    next()
  }
}

const sessionOf = (req: Request): Session => (req as Request & { session: Session }).session

test.each([
  ['saved before the stream starts is stored, though the client disconnects', true, [{ seen: 1 }]],
  ['not saved before the stream starts is lost when the client disconnects', false, []],
])('a session %s', async (_what, isSaved, expected) => {
  const stored: unknown[] = []
  const manager = new SseManager()
  let over: Promise<string> | undefined
  const app = express()
  app.use(session(stored), sse({ manager }))
  app.get('/', (req, res, next) => {
    const own = sessionOf(req)
    own.seen = 1
    const answer = (): void => {
      over = res.sse(manager.getOrCreate('news'))
    }
    if (isSaved) own.save((error) => (error ? next(error) : answer()))
    else answer()
  })
  const reader = await readEvents(await listen(app))
  reader.abort()
  expect(await over).toBe('client')
  expect(stored).toEqual(expected)
})
