// #region koa
import cors from '@koa/cors'
import { sse, sseManager } from '@ssekit/koa-sse'
import Koa from 'koa'

const origins = ['https://app.example.com', 'http://localhost:5173']
const app = new Koa()
app.use(cors({ origin: (ctx) => origins.find((origin) => origin === ctx.get('Origin')) ?? '', credentials: true }))
app.use(sse())
app.use(async (ctx) => {
  if (ctx.path === '/events') await ctx.sse(sseManager.getOrCreate('news'))
})
// #endregion koa

export const handler = app.callback()
