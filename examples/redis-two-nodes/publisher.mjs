// Publishes, and serves no clients, like a cron job, a queue consumer, or a worker. It never reads from Redis.
import { SseManager } from '@ssekit/sse-core'
import { redisBackplane } from '@ssekit/sse-redis'
import { createClient } from 'redis'

const { REDIS_URL = 'redis://127.0.0.1:6379' } = process.env

const client = createClient({ url: REDIS_URL })
client.on('error', (error) => console.error('publisher:', String(error)))
await client.connect()
const backplane = redisBackplane({ client })
const manager = new SseManager({ backplane })
const news = manager.getOrCreate('news')

// Numbered, so that a reader can prove that none is missing. After a restart the numbers begin again.
const run = process.pid
let number = 0

const timer = setInterval(() => {
  number += 1
  const data = { run, number, at: Date.now() }
  // Not awaited: calls keep their order, and if Redis is down for a moment, they wait for it.
  news.broadcast({ event: 'news', data }).catch((error) => {
    console.error(`publisher: number ${data.number} may be lost: ${error.code}, ${error.message}`)
  })
}, 250)

let isStopping = false
process.on('SIGTERM', async () => {
  if (isStopping) return
  isStopping = true
  clearInterval(timer)
  await manager.close()
  await backplane.close()
  client.destroy()
})
