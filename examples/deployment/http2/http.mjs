import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { respond, sseManager } from '@ssekit/sse-core'

const news = sseManager.getOrCreate('news')
const options = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), allowHTTP1: true }
http2
  .createSecureServer(options, async (req, res) => {
    const path = req.url.split('?')[0]
    if (path === '/events') respond(req, res, news)
    else if (path === '/send') res.end(await news.broadcast('Hello, world!'))
    else res.writeHead(404).end()
  })
  .listen(3000)
