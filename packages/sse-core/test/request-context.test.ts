import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type FailureListener, respond, type SseConnection, SseManager } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

describe('in the async context of its own request, a stream calls', () => {
  const context = new AsyncLocalStorage<string>()

  test('onError, onClose and onFailure, even if a publisher caused the error', async () => {
    const calls: [who: string, context: string | undefined][] = []
    const note = (who: string): void => void calls.push([who, context.getStore()])
    const manager = new SseManager({ onError: () => note('onError') })
    const news = manager.getOrCreate('news')
    const onFailure: FailureListener = () => note('onFailure')
    const server = await serve((req, res) => {
      const filter = (): boolean => {
        throw new Error('of the filter')
      }
      void context.run('request', () => respond(req, res, news, { filter, onFailure, onClose: () => note('onClose') }))
    })
    const client = await exchange(server, get())
    await client.until(/sse-checkpoint/)
    await context.run('publisher', () => news.broadcast('one'))
    await until(() => calls.length === 3, 'all calls')
    expect(calls).toEqual([
      ['onError', 'request'],
      ['onClose', 'request'],
      ['onFailure', 'request'],
    ])
    await manager.close()
  })

  test('abort listeners of its signal, even if an administrator disconnects it', async () => {
    const calls: (string | undefined)[] = []
    const manager = new SseManager()
    const server = await serve((req, res) => {
      const source = async (connection: SseConnection): Promise<void> => {
        connection.signal.addEventListener('abort', () => calls.push(context.getStore()))
        await connection.send('one')
        await new Promise(() => {})
      }
      context.run('request', () => void respond(req, res, source, { manager }))
    })
    const client = await exchange(server, get())
    await client.until(/data: one/)
    context.run('administrator', () => manager.disconnect(() => true))
    expect(calls).toEqual(['request'])
    await manager.close()
  })
})
