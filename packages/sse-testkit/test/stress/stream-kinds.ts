import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { merge, type SseConnection, SseManager } from '@ssekit/sse-core'
import type { Answer } from './frameworks.js'

/** Retains nothing longer than it must, so that whatever is left over is a leak. */
export const manager: SseManager = new SseManager({
  history: { maxEvents: 4, maxAgeMs: 0 },
  idleChannelMs: 0,
  maxBufferedBytes: 100_000,
  maxConnectionsPerKey: 1,
  onError: () => {},
})
export const news = manager.getOrCreate('news')

/** A signal that lives longer than every stream, as an application's does. */
const shared = new AbortController()
let aborting = new AbortController()

/** Every kind of stream, by the path of the request. */
const kinds: Readonly<Record<string, (visit: number) => Answer>> = {
  // The clients of these disconnect.
  news: () => ({ source: news }),
  listened: () => ({ source: news.listen(), signal: shared.signal }),
  picky: () => ({ source: news, filter: () => true, eol: '\r\n', heartbeat: () => 'beat', context: {} }),
  'with-gap': () => ({ source: news, lastEventId: 'unknown' }),
  'own-channel': (visit) => ({ source: manager.getOrCreate(`of ${visit}`), key: `of ${visit}` }),
  replayed: (visit) => {
    const channel = manager.getOrCreate(`replayed to ${visit}`, { history: { maxAgeMs: 60_000 } })
    for (const id of ['a', 'b', 'c']) void channel.broadcast({ id, data: id })
    return { source: channel, lastEventId: 'a', onClose: () => manager.delete(channel.name) }
  },
  merged: (visit) => ({ source: merge(news, manager.getOrCreate(`merged for ${visit}`)) }),
  generator: () => ({
    source: async function* ({ signal }: SseConnection) {
      yield 'hello'
      await once(signal, 'abort')
    },
  }),
  subscriber: () => ({
    source: async (connection) => {
      await connection.send('hello')
      await connection.subscribe(news, { signal: shared.signal, filter: () => true })
    },
  }),
  silent: () => ({ source: () => new Promise(() => {}) }),
  // The server ends these.
  finite: () => ({ source: ['one', 'two'] }),
  failing: () => ({
    source: (async function* () {
      yield 'one'
      throw new Error('of the source')
    })(),
  }),
  eager: () => ({
    source: (connection) => {
      while (connection.closeReason === undefined) void connection.send('x'.repeat(10_000))
    },
  }),
  old: () => ({ source: news, maxConnectionAgeMs: 10 }),
  kicked: () => ({ source: news, context: 'kicked' }),
  aborted: () => ({ source: news, signal: aborting.signal }),
  // All but one of these at a time are refused.
  refused: () => ({ source: news, key: 'taken' }),
  nothing: () => ({ source: null }),
}

export const paths: readonly string[] = Object.keys(kinds)

let visits = 0

export function answerTo({ url = '' }: IncomingMessage): Answer {
  visits += 1
  const answer = kinds[url.slice(1)]
  if (answer === undefined) throw new Error(`nobody serves ${url}`)
  return answer(visits)
}

/** Ends the streams that wait for it. */
export function endWaitingStreams(): void {
  manager.disconnect(({ context }) => context === 'kicked')
  aborting.abort()
  aborting = new AbortController()
}
