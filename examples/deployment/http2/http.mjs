import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { respond, sseManager } from '@ssekit/sse-core'

const news = sseManager.getOrCreate('news')
const options = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), allowHTTP1: true }
http2
  .createSecureServer(options, (req, res) => {
    if (req.url === '/events') respond(req, res, news)
    else news.broadcast('Hello, world!').then((id) => res.end(id))
  })
  .listen(3000)
