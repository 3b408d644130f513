import Router from '@koa/router'
import { SseChannel, sse } from '@ssekit/koa-sse'
import Koa from 'koa'
import { sessions } from './sessions.js'

const app = new Koa()
const router = new Router()
app.use(sse()).use(router.routes())

// #region filter
interface Task {
  readonly title: string
  readonly members: readonly string[]
}

const tasks = new SseChannel<{ task: Task }>('tasks')

router.get('/tasks', (ctx) => {
  const user = sessions.get(ctx.cookies.get('session') ?? '')
  if (user === undefined) return ctx.throw(401)
  // Called for each event, including replayed ones.
  return ctx.sse(tasks, { filter: ({ data }) => (data as Task).members.includes(user) })
})

// #endregion filter

export { app, tasks }
