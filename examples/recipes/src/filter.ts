import Router from '@koa/router'
import { SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'
import { sessions } from './sessions.js'

const manager = new SseManager()
const app = new Koa()
const router = new Router()
app.use(sse({ manager })).use(router.routes())

// #region filter
interface Task {
  readonly title: string
  readonly members: readonly string[]
}

const tasks = manager.getOrCreate<{ task: Task }>('tasks')

router.get('/tasks', (ctx) => {
  const user = sessions.get(ctx.cookies.get('session') ?? '')
  if (user === undefined) return ctx.throw(401)
  // The filter is called for each event, including replayed ones.
  return ctx.sse(tasks.listen({ filter: ({ event, data }) => event === 'task' && data.members.includes(user) }))
})

// #endregion filter

export { app, manager, tasks }
