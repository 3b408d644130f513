import sse, { SseEvent, SseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

/** A stand-in for a table. */
const rows = ['a', 'b', 'c']

// #region fastify-sse
const manager = new SseManager()
const app = Fastify({ return503OnClosing: false })
await app.register(sse, { manager })

// keepAlive(), a Set of replies, replay() and onClose(): a channel
const news = manager.getOrCreate('news')
app.get('/news', (_request, reply) => reply.sse(news))
app.post('/news', async () => ({ id: await news.broadcast({ event: 'news', data: { text: 'hello' } }) }))

// await reply.sse.send(…), several times
app.get('/hello', (_request, reply) =>
  reply.sse(async (connection) => {
    // send({ data: 'text' }) sent JSON, with quotes; send('text') did not.
    await connection.send(SseEvent.json('hello'))
    await connection.send('bye')
  }),
)

// reply.sse.send(generator), and reply.sse.lastEventId
app.get('/rows', (_request, reply) =>
  reply.sse(async function* ({ lastEventId }) {
    const first = lastEventId === '' ? 0 : Number(lastEventId) + 1
    for (const [i, data] of [...rows.entries()].slice(first)) yield { id: String(i), data }
    yield { event: 'done', data: '' }
  }),
)

// #endregion fastify-sse

export { app }
