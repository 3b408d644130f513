// Streams that get only some of the events: `/3` those of type `topic-3`.
import { createServer } from 'node:http'
import { respond } from '@ssekit/sse-core'
import { channel, manager } from './ssekit.mjs'
import { options, serve } from './stand.mjs'

const server = createServer((req, res) => {
  const wanted = `topic-${req.url?.slice(1)}`
  const isWanted = (/** @type {import('@ssekit/sse-core').SseEvent} */ { event }) => event === wanted
  return respond(req, res, channel, { manager, filter: options.topics > 1 ? isWanted : undefined })
})

let topic = 0

await serve(server, {
  publish(data) {
    topic = (topic + 1) % options.topics
    return channel.broadcast({ event: `topic-${topic}`, data })
  },
})
