import { createServer } from 'node:http'
import SseChannel from 'sse-channel'
import { options, serve } from './stand.mjs'

// It has no way to turn heartbeats off; a day is long enough.
const { heartbeatMs } = options
const channel = new SseChannel({ jsonEncode: true, pingInterval: heartbeatMs === 0 ? 86_400_000 : heartbeatMs })

await serve(
  createServer((req, res) => channel.addClient(req, res)),
  { publish: (data) => channel.send({ data }) },
)
