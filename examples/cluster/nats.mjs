// One server of many, on NATS JetStream: start it as often as you like, on any ports and machines.

import { connect } from '@nats-io/transport-node'
import { SseManager, sse } from '@ssekit/express-sse'
import { natsBackplane } from '@ssekit/sse-nats'
import express from 'express'
import { stopOnSigterm } from './stop-on-sigterm.mjs'

const { NATS_URL = 'nats://127.0.0.1:4222', PORT = 3000, HOST = '127.0.0.1' } = process.env

// #region manager
const connection = await connect({ servers: NATS_URL, maxReconnectAttempts: -1 })
const backplane = natsBackplane({ connection })
const manager = new SseManager({ backplane })
// #endregion manager
const news = manager.getOrCreate('news')

const app = express().use(sse({ manager }))
app.get('/events', (_req, res) => res.sse(news))
app.post('/news/:text', async (req, res) => res.send(await news.broadcast(req.params.text)))
const server = app.listen(Number(PORT), HOST)
// Not as a callback of `listen()`: Express 5 would call it with an error, too, and the error would not end the process.
server.once('listening', () => console.log('listens at', server.address()))

const last = async () => {
  await backplane.close()
  await connection.close()
}
stopOnSigterm(server, manager, { last })
