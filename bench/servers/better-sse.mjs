// better-sse, on bare `node:http` or on Express.
import { createServer } from 'node:http'
import { createChannel, createEventBuffer, createSession } from 'better-sse'
import { options, serve } from './stand.mjs'

const channel = createChannel()
const { heartbeatMs } = options
const session = heartbeatMs === undefined ? {} : { keepAlive: heartbeatMs === 0 ? null : heartbeatMs }

const handle = async (req, res) => {
  channel.register(await createSession(req, res, session))
}

let listener = handle
if (options.express !== undefined) {
  const { default: express } = await import(options.express)
  listener = express().get('/', handle)
}

/** Its own way to send several events at once. */
function publishBatch(data, count) {
  const batch = createEventBuffer()
  for (let n = 0; n < count; n++) batch.push(data)
  for (const session of channel.activeSessions) session.batch(batch)
}

await serve(createServer(listener), {
  publish: (data) => channel.broadcast(data),
  publishJoined: options.batch ? publishBatch : undefined,
})
