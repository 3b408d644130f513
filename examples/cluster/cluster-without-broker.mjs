// Two workers on one port, without a broker: the primary numbers the events that they publish, and sends them to all workers.
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
  // Not at once: if the port is taken, for example, each new worker dies at once.
  cluster.on('exit', () => setTimeout(() => isStopping || cluster.fork(), 1_000))

  // #region relay
  // A new one at each start, so that an id from before a restart is unknown, and never means another event.
  const epoch = randomUUID()
  let number = 0
  cluster.on('message', (_worker, message) => {
    // Workers send other messages, too, such as 'ready' for pm2.
    if (message?.sse === undefined) return
    const { channel, event } = message.sse
    number += 1
    const numbered = { sse: { channel, event: { ...event, id: `${epoch}.${number}` } } }
    // The callback ignores the error of a worker that has just died.
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
