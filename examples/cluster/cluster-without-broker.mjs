// Two workers on one port, and no broker: the primary numbers what they publish, and hands it to all of them.
import cluster from 'node:cluster'
import { randomUUID } from 'node:crypto'
import { sse, sseManager } from '@ssekit/express-sse'
import express from 'express'
import { stopOnSigterm } from './stop-on-sigterm.mjs'

const { PORT = 3000, HOST = '127.0.0.1' } = process.env

if (cluster.isPrimary) lead()
else serve()

function lead() {
  let isStopping = false
  for (let count = 0; count < 2; count++) cluster.fork()
  cluster.on('listening', ({ process }, address) => console.log(process.pid, 'listens at', address))
  // Not at once: if the port is taken, say, the next one dies as soon as it is there.
  cluster.on('exit', () => setTimeout(() => isStopping || cluster.fork(), 1_000))

  // #region relay
  // Another one each time, so that nobody comes back with an id that means something else by now.
  const epoch = randomUUID()
  let number = 0
  cluster.on('message', (_worker, message) => {
    // Others send messages, too: for pm2, a worker says 'ready'.
    if (message?.sse === undefined) return
    const { channel, event } = message.sse
    number += 1
    const numbered = { sse: { channel, event: { ...event, id: `${epoch}.${number}` } } }
    // Whoever has just died is not there to be told.
    for (const worker of Object.values(cluster.workers ?? {})) worker?.send(numbered, () => {})
  })
  // #endregion relay

  process.on('SIGTERM', () => {
    isStopping = true
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
  })
}

function serve() {
  // #region worker
  process.on('message', (/** @type {any} */ message) => {
    if (message?.sse === undefined) return
    const { channel, event } = message.sse
    void sseManager.getOrCreate(channel).broadcast(event)
  })
  // #endregion worker

  const app = express().use(sse())
  app.use((_req, res, next) => {
    res.set('X-Worker', `${process.pid}`)
    next()
  })
  app.get('/events', (_req, res) => res.sse(sseManager.getOrCreate('news')))
  app.post('/news/:text', (req, res) => {
    const event = { data: req.params.text }
    // #region send
    process.send?.({ sse: { channel: 'news', event } })
    // #endregion send
    res.sendStatus(202)
  })
  const server = app.listen(Number(PORT), HOST)

  stopOnSigterm(server, sseManager, { last: () => cluster.worker?.disconnect() })
}
