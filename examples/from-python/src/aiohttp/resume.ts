import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
app.use(sse())

// #region resume
async function* eventsAfter(lastEventId: string): AsyncGenerator<SseEvent> {
  // The id comes from the client, so it may be anything. More digits are refused, since adding 1 to a larger number may not
  // change it.
  const startId = /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) + 1 : 1
  for (let i = startId; i < startId + 5; i++) {
    yield { id: String(i), data: `Event ${i}` }
    await sleep(1_000)
  }
}

app.use((ctx) => ctx.sse(({ lastEventId }) => eventsAfter(lastEventId)))

// #endregion resume

export { app }
