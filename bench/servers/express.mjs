// A bare Express handler.
import { createServer } from 'node:http'
import { BareStreams } from './bare.mjs'
import { options, serve } from './stand.mjs'

const { default: express } = await import(options.express ?? 'express')
const streams = new BareStreams()
const app = express()
app.get('/', (/** @type {unknown} */ _req, /** @type {any} */ res) => streams.add(res))

await serve(createServer(app), streams)
