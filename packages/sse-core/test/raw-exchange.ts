import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

const servers: Server[] = []
const sockets: Socket[] = []

/** A server of `node:http` that `hangUp()` ends. */
export async function serve(handler: Handler): Promise<Server> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return server
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A connection of one's own, with every byte that came over it. */
export interface RawConnection {
  readonly socket: Socket
  readonly text: () => string
  /** Waits until the text matches. */
  readonly until: (pattern: RegExp) => Promise<void>
}

/** Connects to a server and sends it some text. */
export async function exchange(server: Server, text: string): Promise<RawConnection> {
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += chunk
  })
  await once(socket, 'connect')
  socket.write(text)
  return {
    socket,
    text: () => received,
    until: async (pattern) => {
      while (!pattern.test(received)) await once(socket, 'data')
    },
  }
}

export function get(path = '/', headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
}

/** Ends everything that was opened. */
export async function hangUp(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(
    servers.splice(0).map(async (server) => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }),
  )
}
