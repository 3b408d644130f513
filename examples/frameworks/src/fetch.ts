import { serve } from '@hono/node-server'
// #region fetch
import { createResponse, SseManager } from '@ssekit/sse-core'

const manager = new SseManager()
const news = manager.getOrCreate('news')

async function handle(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/events') return createResponse(request, news)
  if (pathname !== '/send') return new Response(null, { status: 404 })
  return new Response(await news.broadcast({ event: 'notice', data: 'Hello, world!' }))
}
// #endregion fetch

const server = serve({ fetch: handle, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`port: ${port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  await manager.close({ retryMs: [1_000, 10_000] })
  // The connections of streams that have ended are still open.
  if ('closeIdleConnections' in server) server.closeIdleConnections()
})
