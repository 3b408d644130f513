// A bare `node:http` handler.
import { createServer } from 'node:http'
import { BareStreams } from './bare.mjs'
import { serve } from './stand.mjs'

const streams = new BareStreams()

await serve(
  createServer((_req, res) => void streams.add(res)),
  streams,
)
