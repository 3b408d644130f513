import { createServer } from 'node:http'
import SseChannel from 'sse-channel'
import { payload } from '../load/workload.mjs'
import { options, serve } from './stand.mjs'

const { heartbeatMs, retained = 0 } = options
const channel = new SseChannel({
  jsonEncode: true,
  // It cannot turn heartbeats off; a day is long enough.
  pingInterval: heartbeatMs === 0 ? 86_400_000 : heartbeatMs,
  historySize: retained,
})
for (let id = 2; id < 2 + retained; id++) channel.send({ id, data: payload(100) })

await serve(
  createServer((req, res) => channel.addClient(req, res)),
  { publish: (data) => channel.send({ data }), replayPath: '/?lastEventId=1' },
)
