import { type SseConnection, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const manager = new SseManager()
const sessions = new Map([['s1', 'ann']])
const app = new Koa()

// #region sessions
interface Login {
  readonly user: string
}

app.use(sse({ manager }))
app.use((ctx) => {
  const user = sessions.get(String(ctx.query.session))
  // 204 stops an EventSource, and so would 401. Who is disconnected comes back, and is told so here.
  if (user === undefined) return ctx.sse(null)
  const context: Login = { user }
  return ctx.sse(manager.getOrCreate('news'), { key: user, context })
})

function logOut(session: string): number {
  const user = sessions.get(session)
  // Of a session that is not there the user would be that of every stream without a context: none.
  if (user === undefined) return 0
  sessions.delete(session)
  // It is asked of every stream of the manager, and those of other routes may have no context.
  return manager.disconnect(({ context }: SseConnection<Login | undefined>) => context?.user === user)
}

// #endregion sessions

export { app, logOut, manager }
