import { OutgoingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type CloseReason, respond, type SseConnection, SseManager } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

describe('a replaced res.write() that throws closes the stream and rejects respond()', () => {
  async function stream(send: (manager: SseManager) => unknown, heartbeatMs = 0): Promise<void> {
    const manager = new SseManager({ onError: () => {}, heartbeatMs })
    const news = manager.getOrCreate('news')
    let isBroken = false
    let outcome: Promise<CloseReason> | undefined
    const server = await serve((req, res) => {
      const { write } = res
      res.write = ((chunk: Uint8Array) => {
        if (isBroken) throw new Error('of write()')
        return write.call(res, chunk, 'utf8')
      }) as typeof write
      outcome = respond(req, res, news, { context: {} })
      outcome.catch(() => {})
    })
    const client = await exchange(server, get())
    await client.until(/sse-checkpoint/)
    isBroken = true
    await send(manager)
    await expect(outcome).rejects.toThrow('of write()')
    await client.until(/0\r\n\r\n$/)
    expect(manager.stats()).toMatchObject({ connections: 0, closed: { error: 1 } })
    await manager.close()
  }

  test('when an event is broadcast', () => stream((manager) => manager.getOrCreate('news').broadcast('one')))

  test('when an event is sent to this client alone', () =>
    stream((manager) => {
      const [connection] = manager.getOrCreate('news').listConnections()
      return (connection as SseConnection).send('one')
    }))

  test('when a heartbeat is due', () => stream(() => {}, 10))
})

test.each([
  ['ServerResponse', ServerResponse.prototype],
  ['OutgoingMessage', OutgoingMessage.prototype],
])('a tracer that replaces write() on the prototype of %s sees every event', async (_name, prototype) => {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const server = await serve((req, res) => void respond(req, res, news))
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'write')
  let seen = ''
  const { write } = prototype
  prototype.write = function (this: ServerResponse, ...args: Parameters<typeof write>) {
    seen += args[0]
    return write.apply(this, args)
  } as typeof write
  try {
    const client = await exchange(server, get())
    await client.until(/sse-checkpoint/)
    await news.broadcast('one')
    await client.until(/data: one/)
    expect(seen).toContain('data: one')
  } finally {
    if (descriptor === undefined) Reflect.deleteProperty(prototype, 'write')
    else Object.defineProperty(prototype, 'write', descriptor)
  }
  await manager.close()
})
