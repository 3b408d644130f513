import Router from '@koa/router'
import { injectChannel, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
const router = new Router()
app.use(sse()).use(router.routes())

// #region koa
router.get('/stream', injectChannel('chat'), (ctx) => ctx.sse(ctx.sseChannel))

// #endregion koa

export { app }
