import { type SseConnection, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const manager = new SseManager()
const sessions = new Map([['s1', 'ann']])
const app = new Koa()

// #region sessions
app.use(sse({ manager }))
app.use((ctx) => {
  const user = sessions.get(String(ctx.query.session))
  // 204 stops an EventSource, and so would 401. Who is disconnected comes back, and is told so here.
  if (user === undefined) return ctx.sse(null)
  return ctx.sse(manager.getOrCreate('news'), { key: user, context: { user } })
})

function logOut(session: string): number {
  const user = sessions.get(session)
  sessions.delete(session)
  return manager.disconnect(({ context }: SseConnection<{ user: string }>) => context.user === user)
}

// #endregion sessions

export { app, logOut, manager }
