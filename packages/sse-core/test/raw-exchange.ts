import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** How long to wait for expected bytes, in ms. */
const PATIENCE_MS = 15_000

type Handler = (req: IncomingMessage, res: ServerResponse) => void

const servers: Server[] = []
const sockets: Socket[] = []

/** Starts a `node:http` server, which `hangUp()` closes. */
export async function serve(handler: Handler): Promise<Server> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return server
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A raw connection, and all bytes received over it. */
export interface RawConnection {
  readonly socket: Socket
  readonly text: () => string
  /** Waits until the text matches. Rejects if the connection closes first, or after 15 s. */
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
      // AbortSignal.timeout() works even if the test has replaced the timers.
      const late = AbortSignal.timeout(PATIENCE_MS)
      while (!pattern.test(received)) {
        if (socket.closed || late.aborted) {
          const why = socket.closed ? 'the connection closed' : `${PATIENCE_MS} ms passed`
          throw new Error(
            `${why} before ${pattern} was received; the last bytes: ${JSON.stringify(received.slice(-300))}`,
          )
        }
        await nextChange(socket, late)
      }
    },
  }
}

/** Resolves when data arrives, the connection closes, or the time is up. */
async function nextChange(socket: Socket, late: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off('data', done).off('close', done)
      late.removeEventListener('abort', done)
      resolve()
    }
    socket.on('data', done).on('close', done)
    late.addEventListener('abort', done)
  })
}

export function get(path = '/', headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
}

/** Closes all connections and servers. */
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
