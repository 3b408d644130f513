import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { sse, sseManager } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa().use(sse())
const news = sseManager.getOrCreate('news')
app.use(async (ctx) => {
  if (ctx.path === '/events') await ctx.sse(news)
  if (ctx.path === '/send') ctx.body = await news.broadcast('Hello, world!')
})

const options = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), allowHTTP1: true }
http2.createSecureServer(options, app.callback()).listen(3000)
