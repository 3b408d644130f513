import { SseEvent, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

const items = [
  { id: 1, name: 'first' },
  { id: 2, name: 'second' },
]

// #region stream-data
async function* streamData(): AsyncGenerator<SseEvent> {
  for (const item of items) yield { data: item, event: 'update', id: String(item.id) }
}

app.get('/updates', (_request, reply) => reply.sse(streamData()))
// #endregion stream-data

// #region server-sent-event
// An event is a plain object. Its type is checked at compile time, its fields when it is sent.
const event: SseEvent = {
  data: 'Custom message',
  event: 'notification',
  id: 'msg-123',
  retry: 5_000,
}
// #endregion server-sent-event

// #region json
// Objects become JSON by themselves. This makes JSON of text as well, and throws at once if JSON cannot hold the value.
const json = SseEvent.json({ field: 'value' }, { event: 'update' })
// #endregion json

app.get('/events', (_request, reply) => reply.sse([event, json]))

export { app }
