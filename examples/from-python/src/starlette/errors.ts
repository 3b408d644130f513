import Router from '@koa/router'
import { type SseEvent, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const reported: string[] = []

async function openFeed(): Promise<string> {
  throw Object.assign(new Error('no such feed'), { status: 404, expose: true })
}

// #region errors
const manager = new SseManager({ onError: (error) => reported.push(`onError: ${error}`) })

const app = new Koa()
app.on('error', (error) => reported.push(`app: ${error}`))
const router = new Router()
app.use(sse({ manager })).use(router.routes())

async function* failsAtOnce(): AsyncGenerator<SseEvent> {
  yield { data: await openFeed() }
}

async function* failsLater(): AsyncGenerator<SseEvent> {
  yield { data: 'first' }
  throw new Error('the database password is 1234')
}

// Nothing was sent yet, so the answer is the framework's own error response.
router.get('/at-once', (ctx) => ctx.sse(failsAtOnce()))

// The stream ends without a message to the client. `onError` and the framework get the error.
router.get('/later', (ctx) => ctx.sse(failsLater()))

// #endregion errors

export { app, reported }
