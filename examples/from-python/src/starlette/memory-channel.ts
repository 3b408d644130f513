import { setTimeout as sleep } from 'node:timers/promises'
import Router from '@koa/router'
import { type SseConnection, type SseEvent, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
const router = new Router()
app.use(sse()).use(router.routes())

function* items(): Generator<SseEvent> {
  for (let i = 0; i < 10; i++) yield { data: `Item ${i}` }
}

// #region memory-channel
async function dataProducer(writable: WritableStream<SseEvent>, source: Iterable<SseEvent>): Promise<void> {
  const writer = writable.getWriter()
  try {
    for (const event of source) {
      // Waits while ten events are queued, and rejects when the client has disconnected.
      await writer.ready
      await writer.write(event)
      await sleep(1_000)
    }
    await writer.close()
  } catch (error) {
    // Otherwise the stream would stay open and silent. If the client has disconnected, this error is reported nowhere.
    await writer.abort(error)
  }
}

router.get('/memory', (ctx) => {
  const { readable, writable } = new TransformStream<SseEvent>({}, new CountQueuingStrategy({ highWaterMark: 10 }))
  void dataProducer(writable, items())
  return ctx.sse(readable)
})
// #endregion memory-channel

// #region send
async function produce(connection: SseConnection): Promise<void> {
  for (const event of items()) {
    // Resolves no faster than the client reads, and with false once the stream is over.
    if (!(await connection.send(event))) return
    await sleep(1_000, undefined, { signal: connection.signal })
  }
}

router.get('/send', (ctx) => ctx.sse(produce))

// #endregion send

export { app, dataProducer }
