// The code of the README: compiled, never run.

// #region start
import { sse } from '@ssekit/express-sse'
import { SseManager } from '@ssekit/sse-core'
import { redisBackplane } from '@ssekit/sse-redis'
import express from 'express'
import { createClient } from 'redis'

const url = process.env.REDIS_URL ?? 'redis://localhost'
const client = await createClient({ url }).on('error', console.error).connect()
const manager = new SseManager({ backplane: redisBackplane({ client }) })
const news = manager.getOrCreate('news')

const app = express().use(sse({ manager }))
app.get('/events', (_req, res) => res.sse(news))
app.post('/send', async (_req, res) => res.send(await news.broadcast({ event: 'notice', data: 'Hello, world!' })))
app.listen(3000)
// #endregion start

// #region publisher
await new SseManager({ backplane: redisBackplane({ client }) }).getOrCreate('news').broadcast('done')
// #endregion publisher
