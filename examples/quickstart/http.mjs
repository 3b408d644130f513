import http from 'node:http'
import { respond, sseManager } from '@ssekit/sse-core'

const news = sseManager.getOrCreate('news')
http
  .createServer(async (req, res) => {
    const path = req.url?.split('?')[0]
    if (path === '/events') respond(req, res, news)
    else if (path === '/send') res.end(await news.broadcast({ event: 'notice', data: 'Hello, world!' }))
    else res.writeHead(404).end()
  })
  .listen(3000)
