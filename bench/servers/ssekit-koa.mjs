import { createServer } from 'node:http'
import { sse } from '@ssekit/koa-sse'
import Koa from 'koa'
import { channel, manager, publish, shutDown } from './ssekit.mjs'
import { serve } from './stand.mjs'

const app = new Koa()
app.use(sse({ manager }))
app.use((ctx) => ctx.sse(channel))
const server = createServer(app.callback())

await serve(server, { publish, shutDown: () => shutDown(server) })
