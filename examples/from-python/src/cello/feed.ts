import Router from '@koa/router'
import { SseChannel, type SseEvent, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
const router = new Router()
app.use(sse()).use(router.routes())

interface Stored {
  readonly id: number
  readonly type: string
  readonly data: unknown
}

const stored: readonly Stored[] = Array.from({ length: 5 }, (_, id) => ({ id, type: 'entry', data: { number: id } }))
const getEventsFrom = (id: number): readonly Stored[] => stored.filter((event) => event.id >= id)

// #region own-store
function* feed(lastEventId: string): Generator<SseEvent> {
  // The id comes from the client, so it may be anything.
  const startFrom = /^\d+$/.test(lastEventId) ? Number(lastEventId) + 1 : 0
  for (const { id, type, data } of getEventsFrom(startFrom)) yield { data, event: type, id: String(id) }
}

router.get('/feed', (ctx) => ctx.sse(({ lastEventId }) => feed(lastEventId)))
// #endregion own-store

// #region channel
// A channel makes ids, keeps what it sent, and answers Last-Event-ID: there is nothing to write.
const news = new SseChannel('news', { history: { maxEvents: 1_000, maxAgeMs: 300_000 } })

router.get('/live', (ctx) => ctx.sse(news))

// #endregion channel

export { app, news }
