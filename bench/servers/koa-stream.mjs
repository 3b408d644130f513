// A bare Koa handler that streams as Koa's documentation shows: into a body that is written to.
import { createServer } from 'node:http'
import { PassThrough } from 'node:stream'
import Koa from 'koa'
import { frame, HEAD, PREAMBLE, serve } from './stand.mjs'

const bodies = new Set()
const app = new Koa()
app.use((ctx) => {
  const body = new PassThrough()
  ctx.set(HEAD)
  ctx.body = body
  body.write(PREAMBLE)
  bodies.add(body)
  ctx.res.on('close', () => bodies.delete(body))
})
// Koa reports every client that disconnects.
app.on('error', () => {})

await serve(createServer(app.callback()), {
  publishJoined(data, count) {
    const buffer = frame(data, count)
    for (const body of bodies) body.write(buffer)
  },
})
