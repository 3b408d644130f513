import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { sse as expressSse } from '@ssekit/express-sse'
import { sse as fastifySse } from '@ssekit/fastify-sse'
import { sse as koaSse } from '@ssekit/koa-sse'
import { respond, type SseManager, type SseOptions, type SseSource } from '@ssekit/sse-core'
import express from 'express'
import Fastify from 'fastify'
import Koa from 'koa'
import { selfSignedCertificate } from './certificate.js'

/** A request as the server received it. */
interface Asked {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** When, in ms on the clock of `performance.now()`. */
  readonly at: number
  readonly httpVersion: string
  /** The status of the response, once it has one. */
  readonly status: number | undefined
}

/** The answer of a server of these tests to every request. */
export interface Answer extends SseOptions {
  readonly source: SseSource
}
type Answering = () => Answer

export interface RunningServer {
  readonly port: number
  readonly asked: readonly Asked[]
  /** Stops, and closes open connections. */
  close(): Promise<void>
}

/** A way to serve event streams: a framework and a protocol. */
export interface ServerKind {
  readonly name: string
  readonly scheme: 'http' | 'https'
  start(manager: SseManager, answering: Answering, port?: number): Promise<RunningServer>
}

export const bareHttp: ServerKind = {
  name: 'node:http',
  scheme: 'http',
  start(manager, answering, port) {
    const server = createServer((req, res) => {
      const { source, ...options } = answering()
      void respond(req, res, source, { manager, ...options })
    })
    return run(server, port)
  },
}

export const bareHttp2: ServerKind = {
  name: 'node:http2 with TLS',
  scheme: 'https',
  start(manager, answering, port) {
    const server = createSecureServer({ ...selfSignedCertificate(), allowHTTP1: true }, (req, res) => {
      const { source, ...options } = answering()
      void respond(req, res, source, { manager, ...options })
    })
    return run(server, port)
  },
}

export const express5: ServerKind = {
  name: 'Express 5',
  scheme: 'http',
  start(manager, answering, port) {
    const app = express()
    app.use(expressSse({ manager }))
    app.use((_req, res) => {
      const { source, ...options } = answering()
      return res.sse(source, options)
    })
    return run(createServer(app), port)
  },
}

const fastify5: ServerKind = {
  name: 'Fastify 5',
  scheme: 'http',
  async start(manager, answering, port) {
    const app = Fastify()
    await app.register(fastifySse, { manager })
    app.get('/*', (_request, reply) => {
      const { source, ...options } = answering()
      return reply.sse(source, options)
    })
    await app.ready()
    return run(app.server, port)
  },
}

const koa3: ServerKind = {
  name: 'Koa 3',
  scheme: 'http',
  start(manager, answering, port) {
    const app = new Koa()
    app.use(koaSse({ manager }))
    app.use(async (ctx) => {
      const { source, ...options } = answering()
      await ctx.sse(source, options)
    })
    return run(createServer(app.callback()), port)
  },
}

export const everyServer: readonly ServerKind[] = [bareHttp, bareHttp2, express5, fastify5, koa3]

async function run(server: Server | Http2SecureServer, port = 0): Promise<RunningServer> {
  const asked: Asked[] = []
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.prependListener('request', ({ method = '', headers, httpVersion }, res) => {
    asked.push({
      method,
      headers,
      httpVersion,
      at: performance.now(),
      get status() {
        return res.headersSent ? res.statusCode : undefined
      },
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
