import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const log: string[] = []

const app = new Koa()
app.use(sse())

// #region monitored
async function* monitoredStream(signal: AbortSignal): AsyncGenerator<SseEvent> {
  for (let i = 0; i < 100; i++) {
    yield { data: `Event ${i}` }
    await sleep(1_000, undefined, { signal })
  }
}

app.use(async (ctx) => {
  const reason = await ctx.sse(({ signal }) => monitoredStream(signal), {
    // Called once for each stream, whatever ended it.
    onClose: (why, { events, bytes }) => log.push(`${why} after ${events} events and ${bytes} bytes`),
  })
  // A background task, to run after the response, follows the `await`.
  if (reason === 'client') log.push('the client left')
})

// #endregion monitored

export { app, log }
