// #region hono
import { serve } from '@hono/node-server'
import { createResponse, SseManager } from '@ssekit/sse-core'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { stepsOf } from './jobs.js'

// Without `onError`, errors after the response headers are process warnings.
const manager = new SseManager({ onError: (error) => console.error(error) })
const news = manager.getOrCreate('news')
const app = new Hono()
app.use(cors())
app.get('/events', (c) => createResponse(c.req.raw, news))
app.get('/jobs/:id', (c) => createResponse(c.req.raw, () => stepsOf(c.req.param('id')), { manager }))
app.post('/send', async (c) => c.text(await news.broadcast({ event: 'notice', data: 'Hello, world!' })))

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`port: ${port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  await manager.close({ retryMs: [1_000, 10_000] })
  // The connections of streams that have ended are still open.
  if ('closeIdleConnections' in server) server.closeIdleConnections()
})

// #endregion hono

// For the tests: middleware that sets headers before the stream, and some that sets them after it.
import { setCookie } from 'hono/cookie'
import { secureHeaders } from 'hono/secure-headers'

// Mounted, because `cors()` has begun the response of everything else.
const plain = new Hono()
plain.get('/cookies', secureHeaders(), async (c) => {
  setCookie(c, 'first', '1')
  setCookie(c, 'second', '2')
  const response = await createResponse(c.req.raw, ['done'])
  return c.newResponse(response.body, response)
})
app.mount('/plain', plain.fetch)
