import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
app.use(sse())

// #region five-events
async function* fiveEvents(): AsyncGenerator<SseEvent> {
  for (let i = 0; i < 5; i++) {
    yield { data: `Event ${i}` }
    await sleep(1_000)
  }
}

app.use((ctx) => ctx.sse(fiveEvents()))

// #endregion five-events

export { app }
