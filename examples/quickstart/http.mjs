import http from 'node:http'
import { respond, sseManager } from '@ssekit/sse-core'

const news = sseManager.getOrCreate('news')
http
  .createServer(async (req, res) => {
    if (req.url === '/events') await respond(req, res, news)
    else res.end(await news.broadcast({ event: 'notice', data: 'Hello, world!' }))
  })
  .listen(3000)
