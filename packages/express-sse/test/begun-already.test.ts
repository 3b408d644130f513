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
    test('is not destroyed for a stream that comes too late, nor is that swallowed', async () => {
      const [heard, told, outcomes]: [unknown[], unknown[], unknown[]] = [[], [], []]
      let onHeard: (() => void) | undefined
      const isHeard = new Promise<void>((resolve) => {
        onHeard = resolve
      })
      const manager = new SseManager({
        onError: (error) => {
          heard.push(error)
          onHeard?.()
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
        told.push(error)
        next(error)
      }
      app.use(note)
      const reader = await readEvents(await listen(app))
      await isHeard
      response?.end(', all of it')
      expect(await reader.end()).toBe('complete')
      expect(reader.text).toBe('mine, all of it')
      expect(heard).toMatchObject([{ code: 'ERR_SSE_HEADERS_SENT' }])
      expect([told, outcomes]).toEqual([[], ['error']])
    })
  })
}
