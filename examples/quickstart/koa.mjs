import { sse, sseManager } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa().use(sse())
const news = sseManager.getOrCreate('news')
app.use(async (ctx) => {
  if (ctx.path === '/events') await ctx.sse(news)
  if (ctx.path === '/send') ctx.body = await news.broadcast({ event: 'notice', data: 'Hello, world!' })
})
app.listen(3000)
