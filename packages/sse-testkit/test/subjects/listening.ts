import { once } from 'node:events'
import { createServer as createHttp, type Server as HttpServer } from 'node:http'
import { createServer as createHttp2, createSecureServer, type Http2Server } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SseRequest, SseResponse } from '@ssekit/sse-core'
import type { RunningServer } from '@ssekit/sse-testkit'
import { certificate } from './certificate.js'

export type Transport = 'http' | 'https' | 'h2c' | 'h2'
type Handler = (req: SseRequest, res: SseResponse) => unknown
type Server = HttpServer | Http2Server

/** Node's server of a transport; the handler must accept the requests of every transport. */
export function createServer(transport: Transport, handler: Handler): Server {
  if (transport === 'http') return createHttp(handler)
  if (transport === 'https') return createHttps(certificate, handler)
  if (transport === 'h2c') return createHttp2(handler)
  return createSecureServer(certificate, handler)
}

/** Listens on a free port of this machine. */
export async function listening(
  server: Server,
  transport: Transport,
  reported: readonly unknown[],
): Promise<RunningServer> {
  const sockets = socketsOf(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: urlOf(server, transport),
    reported,
    close: () => closing(server),
    async destroy() {
      for (const socket of sockets) socket.destroy()
      if (server.listening) await closing(server)
    },
  }
}

/** The open connections of a server, as they come and go. */
export function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return sockets
}

export function urlOf(server: Server, transport: Transport): string {
  const { port } = server.address() as AddressInfo
  return `${transport === 'http' || transport === 'h2c' ? 'http' : 'https'}://127.0.0.1:${port}`
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
  })
}
