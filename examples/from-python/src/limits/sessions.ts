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
  // 204 stops an EventSource, and so would 401. A client that was disconnected reconnects, and is stopped here.
  if (user === undefined) return ctx.sse(null)
  const context: Login = { user }
  return ctx.sse(manager.getOrCreate('news'), { key: user, context })
})

function logOut(session: string): number {
  const user = sessions.get(session)
  // Without this check, `undefined` would match the user of every stream without a context.
  if (user === undefined) return 0
  sessions.delete(session)
  // Called for every stream of the manager; streams of other routes may have no context.
  return manager.disconnect(({ context }: SseConnection<Login | undefined>) => context?.user === user)
}

// #endregion sessions

export { app, logOut, manager }
