import { createServer } from 'node:http'
import { respond } from '@ssekit/sse-core'
import { channel, manager, publish, replaceWrite, replayPath, shutDown } from './ssekit.mjs'
import { options, serve } from './stand.mjs'

const server = createServer((req, res) => {
  if (options.replaceWrite) replaceWrite(res)
  return respond(req, res, channel, { manager })
})

await serve(server, { publish, replayPath, shutDown: () => shutDown(server) })
