// #region hono-node
import { type HttpBindings, serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { respond, SseManager, type SseOptions, type SseSource } from '@ssekit/sse-core'
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { stepsOf } from './jobs.js'

type NodeEnv = { Bindings: HttpBindings }

// Without `onError`, nobody would hear of an error after the headers.
const manager = new SseManager({ onError: (error) => console.error(error) })
const news = manager.getOrCreate('news')
const app = new Hono<NodeEnv>()
app.use(cors())
app.get('/events', (c) => sse(c, news))
app.get('/jobs/:id', (c) => sse(c, () => stepsOf(c.req.param('id'))))
app.post('/send', async (c) => c.text(await news.broadcast({ event: 'notice', data: 'Hello, world!' })))

async function sse(c: Context<NodeEnv>, source: SseSource, options: SseOptions = {}): Promise<Response> {
  const { incoming, outgoing } = c.env
  // Middleware has set its headers on `c.res`; Node's response does not have them yet.
  const headers = { ...Object.fromEntries(c.res.headers), 'set-cookie': c.res.headers.getSetCookie() }
  try {
    await respond(incoming, outgoing, source, { manager, headers, ...options })
  } catch (error) {
    // Before the headers are sent, `app.onError` answers. After that, the manager's `onError` has been called.
    if (!outgoing.headersSent) throw error
  }
  return RESPONSE_ALREADY_SENT
}

const options = {
  fetch: app.fetch,
  port: Number(process.env.PORT ?? 3000),
  // Otherwise the server does not recognise a copy that Hono makes of `RESPONSE_ALREADY_SENT`, and sends headers twice.
  overrideGlobalObjects: false,
}
const server = serve(options, ({ port }) => console.log(`port: ${port}`))

process.once('SIGTERM', async () => {
  server.close()
  await manager.close({ retryMs: [1_000, 10_000] })
})

// #endregion hono-node

// For the tests: middleware that sets headers before the stream, and some that sets them after it.
import { setCookie } from 'hono/cookie'
import { secureHeaders } from 'hono/secure-headers'

app.get('/cookies', secureHeaders(), (c) => {
  setCookie(c, 'first', '1')
  setCookie(c, 'second', '2')
  return sse(c, [])
})
