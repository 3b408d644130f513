// Hono's streamSSE on @hono/node-server has no channels, so the application collects the streams. It has no heartbeats.
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { serve } from './stand.mjs'

const streams = new Set()
const app = new Hono()
app.get('/', (/** @type {unknown} */ context) =>
  streamSSE(context, async (/** @type {any} */ stream) => {
    streams.add(stream)
    await new Promise((resolve) => {
      stream.onAbort(resolve)
    })
    streams.delete(stream)
  }),
)

await serve(createAdaptorServer(app), {
  publish(data) {
    for (const stream of streams) stream.writeSSE({ data })
  },
})
