import http from 'node:http'
import { respond, sseManager } from '@ssekit/sse-core'

const news = sseManager.getOrCreate('news')
http
  .createServer((req, res) => {
    if (req.url === '/events') respond(req, res, news)
    else news.broadcast({ event: 'notice', data: 'Hello, world!' }).then((id) => res.end(id))
  })
  .listen(3000)
