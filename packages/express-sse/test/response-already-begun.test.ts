import { afterEach, describe, expect, test } from '@jest/globals'
import { SseManager, sse } from '@ssekit/express-sse'
import { readEvents } from '@ssekit/sse-testkit'
import express5, { type ErrorRequestHandler, type Response } from 'express'
import express4 from 'express4'
import { listen } from '../../sse-testkit/test/network/listen.js'

const managers: SseManager[] = []

afterEach(async () => {
  for (const manager of managers.splice(0)) await manager.close({ graceMs: 0 })
})

for (const [version, express] of [
  ['4', express4],
  ['5', express5],
] as const) {
  describe(`a response of Express ${version} that has begun`, () => {
    test('is not destroyed by a later res.sse(), and onError gets the error', async () => {
      const [reported, handled, outcomes]: [unknown[], unknown[], unknown[]] = [[], [], []]
      let onReported: (() => void) | undefined
      const isReported = new Promise<void>((resolve) => {
        onReported = resolve
      })
      const manager = new SseManager({
        onError: (error) => {
          reported.push(error)
          onReported?.()
        },
      })
      managers.push(manager)
      let response: Response | undefined
      const app = express()
      app.use(sse({ manager }))
      app.get('/', async (_req, res) => {
        response = res
        res.type('text').write('mine')
        const over = res.sse(['yours'])
        outcomes.push(await over)
        return over
      })
      const note: ErrorRequestHandler = (error, _req, _res, next) => {
        handled.push(error)
        next(error)
      }
      app.use(note)
      const reader = await readEvents(await listen(app))
      await isReported
      response?.end(', all of it')
      expect(await reader.end()).toBe('complete')
      expect(reader.text).toBe('mine, all of it')
      expect(reported).toMatchObject([{ code: 'ERR_SSE_HEADERS_SENT' }])
      expect([handled, outcomes]).toEqual([[], ['error']])
    })
  })
}
