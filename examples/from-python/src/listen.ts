import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** An Express or Koa application, or a bare server. */
interface NodeApp {
  listen(port: number, host: string): Server
}

export interface Listening {
  readonly url: string
  /** Closes the server and every connection. */
  close(): Promise<void>
}

/** Serves an app of any of the three frameworks on this machine; port 0 is any free port. */
export async function listen(app: NodeApp | FastifyInstance, port = 0): Promise<Listening> {
  if ('inject' in app) {
    const url = await app.listen({ port, host: '127.0.0.1' })
    return { url, close: () => cut(app.server, () => app.close()) }
  }
  const server = app.listen(port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve).once('error', reject)
  })
  const { port: actualPort } = server.address() as AddressInfo
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { url: `http://127.0.0.1:${actualPort}`, close: () => cut(server, closed) }
}

async function cut(server: Server, close: () => Promise<void>): Promise<void> {
  const closed = close()
  server.closeAllConnections()
  await closed
}
