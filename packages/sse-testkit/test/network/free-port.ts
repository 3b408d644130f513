import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the ports that Linux gives to clients (and to servers that listen on port 0): otherwise a client that reconnects while
 * the broker is down could be given that port, and connect to itself. There is room above for a cluster's bus ports.
 */
const FIRST = 10_000
const LAST = 32_767

/** Ports given out already, even if nothing listens on them yet. */
const given = new Set<number>()

/** A free port, a different one each time. Another program may take it before it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if (given.has(port)) continue
    given.add(port)
    const server = createServer()
    try {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return port
    } catch {
      // Taken: the next one.
    } finally {
      server.close()
    }
  }
}
