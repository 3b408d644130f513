import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below what Linux gives to clients (and to servers that listen on port 0): else a client that knocks again and again while
 * the broker is down could be given that very port, and talk to itself. And above it there is room for a cluster's bus ports.
 */
const FIRST = 10_000
const LAST = 32_767

/** Those that are given out are taken, though nobody may listen yet. */
const given = new Set<number>()

/** A port of this machine that nobody listens on, and another one each time. By the time it is used some other program may. */
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
