import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { injectChannel, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'
import { keyOf, manager, message, news, notify } from './channels.js'

export const app: Express = express()
app.use(sse({ manager }), express.text())

app.get('/news', (req, res) => res.sse(news(), { key: keyOf(req.url) }))

app.post('/notifications', async (req, res) => {
  await notify(req.body, 'express')
  res.sendStatus(204)
})

const room = injectChannel((req) => `room:${req.params.room}`)

app.get('/rooms/:room', room, (req, res) => res.sse(req.sseChannel, { rewind: 20, key: keyOf(req.url) }))

app.post('/rooms/:room', room, async (req, res) => {
  await req.sseChannel.broadcast({ event: 'message', data: message(req.body, 'express') })
  res.sendStatus(204)
})

// The rest is for the page only. It disconnects streams of all three servers, since they share the manager.
app.delete('/streams/:key', (req, res) => {
  res.json({ cut: manager.disconnect(({ key }) => key === req.params.key) })
})

app.get('/ports', (_req, res) => res.json(app.locals.ports))
app.use('/page', express.static(join(import.meta.dirname, 'page')))
app.use('/uplot', express.static(fileURLToPath(new URL('.', import.meta.resolve('uplot/dist/uPlot.esm.js')))))
app.use(express.static(join(import.meta.dirname, '../public')))
