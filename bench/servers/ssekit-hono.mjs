// The Fetch API: Hono passes on a `Request`, and its server reads the body of the `Response`.
import { createAdaptorServer } from '@hono/node-server'
import { createResponse } from '@ssekit/sse-core'
import { Hono } from 'hono'
import { channel, manager, publish, shutDown } from './ssekit.mjs'
import { serve } from './stand.mjs'

const app = new Hono()
app.get('/', (/** @type {any} */ c) => createResponse(c.req.raw, channel, { manager }))
const server = /** @type {import('node:http').Server} */ (createAdaptorServer({ fetch: app.fetch }))

await serve(server, { publish, shutDown: () => shutDown(server) })
