import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type FailureListener, respond, type SseConnection, SseManager } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

describe('what a publisher sets off in a stream is told in the context of its request', () => {
  const context = new AsyncLocalStorage<string>()

  test('to onError, to the framework, and to onClose', async () => {
    const told: [who: string, context: string | undefined][] = []
    const tell = (who: string): void => void told.push([who, context.getStore()])
    const manager = new SseManager({ onError: () => tell('onError') })
    const news = manager.getOrCreate('news')
    const onFailure: FailureListener = () => tell('onFailure')
    const server = await serve((req, res) => {
      const filter = (): boolean => {
        throw new Error('of the filter')
      }
      void context.run('request', () => respond(req, res, news, { filter, onFailure, onClose: () => tell('onClose') }))
    })
    const client = await exchange(server, get())
    await client.until(/sse-checkpoint/)
    await context.run('publisher', () => news.broadcast('one'))
    await until(() => told.length === 3, 'all of them')
    expect(told).toEqual([
      ['onError', 'request'],
      ['onClose', 'request'],
      ['onFailure', 'request'],
    ])
    await manager.close()
  })

  test('to who listens for the abort of its signal', async () => {
    const told: (string | undefined)[] = []
    const manager = new SseManager()
    const server = await serve((req, res) => {
      const source = async (connection: SseConnection): Promise<void> => {
        connection.signal.addEventListener('abort', () => told.push(context.getStore()))
        await connection.send('one')
        await new Promise(() => {})
      }
      context.run('request', () => void respond(req, res, source, { manager }))
    })
    const client = await exchange(server, get())
    await client.until(/data: one/)
    context.run('administrator', () => manager.disconnect(() => true))
    expect(told).toEqual(['request'])
    await manager.close()
  })
})
