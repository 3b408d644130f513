import { type CloseReason, type ConnectionStats, SseManager, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
const manager = new SseManager()
const totals = new Map<CloseReason, { streams: number; events: number; bytes: number; seconds: number }>()

await app.register(sse, { manager })

// #region figures
function onClose(reason: CloseReason, { events, bytes, durationMs }: ConnectionStats): void {
  const total = totals.get(reason) ?? { streams: 0, events: 0, bytes: 0, seconds: 0 }
  totals.set(reason, {
    streams: total.streams + 1,
    events: total.events + events,
    bytes: total.bytes + bytes,
    seconds: total.seconds + durationMs / 1_000,
  })
}

app.get('/news', (_request, reply) => reply.sse(manager.getOrCreate('news'), { onClose }))

// #endregion figures

export { app, manager, totals }
