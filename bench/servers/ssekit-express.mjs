import { createServer } from 'node:http'
import { sse } from '@ssekit/express-sse'
import { channel, manager, publish, replaceWrite, shutDown } from './ssekit.mjs'
import { options, serve } from './stand.mjs'

const { default: express } = await import(options.express ?? 'express')
const app = express()
app.use(sse({ manager }))
app.get('/', (/** @type {unknown} */ _req, /** @type {any} */ res) => {
  if (options.replaceWrite) replaceWrite(res)
  res.sse(channel)
})
const server = createServer(app)

await serve(server, { publish, shutDown: () => shutDown(server) })
