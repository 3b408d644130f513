import { afterEach, describe, expect, test } from '@jest/globals'
import { type CloseReason, type RespondOptions, respond, SseManager } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

const failing: RespondOptions['refusal'] = () => {
  throw new Error('no answer')
}
const asynchronous = (async () => undefined) as unknown as () => CloseReason | undefined

describe.each([
  ['that throws', failing, 'no answer'],
  ['that is asynchronous', asynchronous, 'refusal must return its answer at once, not a promise'],
])('a refusal function %s', (_what, refusal, message) => {
  test('is answered with 500, and its source is released', async () => {
    const errors: unknown[] = []
    const reasons: CloseReason[] = []
    let isReleased = false
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          isReleased = true
          return { done: true, value: undefined }
        },
      }),
    }
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    const onClose = (reason: CloseReason): unknown => reasons.push(reason)
    const server = await serve((req, res) => void respond(req, res, source, { manager, refusal, onClose }))
    const client = await exchange(server, get())
    await client.until(/\r\n\r\n/)
    expect(client.text()).toMatch(/^HTTP\/1.1 500 /)
    await until(() => reasons.length > 0, 'onClose')
    expect(reasons).toEqual(['error'])
    expect(errors).toMatchObject([{ message }])
    expect(isReleased).toBe(true)
    expect(manager.stats().connections).toBe(0)
  })

  test('rejects the promise, for its owner to answer', async () => {
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    const server = await serve((req, res) => {
      respond(req, res, manager.getOrCreate('news'), { refusal }).catch((error: Error) => {
        res.writeHead(503).end(error.message)
      })
    })
    const client = await exchange(server, get())
    await client.until(new RegExp(message))
    expect(client.text()).toMatch(/^HTTP\/1.1 503 /)
    expect(errors).toEqual([])
  })
})
