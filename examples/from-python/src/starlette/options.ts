import { type SseEvent, SseManager, SseStream, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const streams: SseStream[] = []

function generateEvents(): SseStream {
  const stream = new SseStream().add({ data: 'two\nlines', event: 'first' })
  streams.push(stream)
  return stream
}

const customPing = (): SseEvent => ({ comment: 'Custom ping message' })

// #region options
// The time limit for a write holds for all streams of a manager.
const manager = new SseManager({ writeTimeoutMs: 30_000 }) // send_timeout

const app = new Koa()
app.use(sse({ manager }))
app.use((ctx) =>
  // content
  ctx.sse(generateEvents(), {
    heartbeatMs: 15_000, // ping
    heartbeat: customPing, // ping_message_factory
    eol: '\r\n', // sep
    headers: { 'Cache-Control': 'no-cache', 'X-Feed': 'prices' }, // headers
  }),
)

// #endregion options

export { app, manager, streams }
