import { createServer, type Server } from 'node:http'
import compressFastify from '@fastify/compress'
import { sse as expressSse } from '@ssekit/express-sse'
import { sse as fastifySse } from '@ssekit/fastify-sse'
import { sse as koaSse } from '@ssekit/koa-sse'
import type { SseManager } from '@ssekit/sse-core'
import compression from 'compression'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import Koa from 'koa'
import compressKoa from 'koa-compress'

/** A server with its framework's compression switched on, which streams the channel `news` at `/events`. */
export interface CompressingServer {
  /** The Content-Encoding of the stream, for a client that accepts gzip. */
  readonly encoding: 'gzip' | undefined
  make(manager: SseManager): Server | Promise<Server>
}

// Without `no-transform`, compression is allowed; with it, nothing would be compressed and there would be nothing to test.
const options = { headers: { 'Cache-Control': 'no-cache' } }

export const compressingServers: Readonly<Record<string, CompressingServer>> = {
  'compression on Express 5': {
    encoding: 'gzip',
    make(manager) {
      const app = express()
      app.use(compression({ threshold: 0 }), expressSse({ manager }))
      app.get('/events', (_req, res) => res.sse(manager.getOrCreate('news'), options))
      return createServer(app)
    },
  },
  'compression on Express 4': {
    encoding: 'gzip',
    make(manager) {
      const app = express4()
      app.use(compression({ threshold: 0 }), expressSse({ manager }))
      app.get('/events', (_req, res) => void res.sse(manager.getOrCreate('news'), options))
      return createServer(app)
    },
  },
  // These two compress only responses that the framework sends, and a stream is not sent by it.
  'koa-compress': {
    encoding: undefined,
    make(manager) {
      const app = new Koa()
      app.use(compressKoa({ threshold: 0 }))
      app.use(koaSse({ manager }))
      app.use((ctx) => ctx.sse(manager.getOrCreate('news'), options))
      return createServer(app.callback())
    },
  },
  '@fastify/compress': {
    encoding: undefined,
    async make(manager) {
      const app = Fastify()
      await app.register(compressFastify, { threshold: 0 })
      await app.register(fastifySse, { manager })
      app.get('/events', (_request, reply) => reply.sse(manager.getOrCreate('news'), options))
      await app.ready()
      return app.server
    },
  },
}
