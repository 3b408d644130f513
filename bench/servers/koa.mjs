// A bare Koa handler, which takes the response away from the framework.
import { createServer } from 'node:http'
import Koa from 'koa'
import { BareStreams } from './bare.mjs'
import { serve } from './stand.mjs'

const streams = new BareStreams()
const app = new Koa()
app.use((ctx) => {
  ctx.respond = false
  return streams.add(ctx.res)
})

await serve(createServer(app.callback()), streams)
