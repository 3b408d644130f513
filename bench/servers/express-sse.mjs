// express-sse has no heartbeats.
import { createServer } from 'node:http'
import express from 'express'
import SSE from 'express-sse'
import { serve } from './stand.mjs'

const channel = new SSE()
const app = express()
app.get('/', channel.init)

await serve(createServer(app), { publish: (data) => channel.send(data) })
