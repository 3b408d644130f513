import { sse, sseManager } from '@ssekit/express-sse'
import express from 'express'

const app = express().use(sse())
const news = sseManager.getOrCreate('news')
app.get('/events', (_req, res) => res.sse(news))
app.get('/send', async (_req, res) => res.send(await news.broadcast({ event: 'notice', data: 'Hello, world!' })))
app.listen(3000)
