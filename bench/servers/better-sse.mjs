// better-sse, on bare `node:http` or on Express.
import { createServer } from 'node:http'
import { createChannel, createEventBuffer, createSession } from 'better-sse'
import { options, serve } from './stand.mjs'

const channel = createChannel()
const { heartbeatMs } = options
const session = heartbeatMs === undefined ? {} : { keepAlive: heartbeatMs === 0 ? null : heartbeatMs }

/** @param {import('node:http').IncomingMessage} req @param {import('node:http').ServerResponse} res */
const handle = async (req, res) => {
  channel.register(await createSession(req, res, session))
}

let listener = handle
if (options.express !== undefined) {
  const { default: express } = await import(options.express)
  listener = express().get('/', handle)
}

/**
 * The library's own way to send several events at once.
 *
 * @param {string} data
 * @param {number} count
 */
function publishBatch(data, count) {
  const batch = createEventBuffer()
  for (let n = 0; n < count; n++) batch.push(data)
  for (const session of channel.activeSessions) session.batch(batch)
}

const publish = (/** @type {string} */ data) => channel.broadcast(data)

await serve(createServer(listener), options.batch ? { publishJoined: publishBatch } : { publish })
