import { once } from 'node:events'
import net from 'node:net'

/**
 * Below what the system gives to clients: else one that knocks while the port is nobody's could be given that very port, and
 * talk to itself.
 */
const FIRST = 10_000
const LAST = 32_767

/** A port of this machine that nobody listens on. By the time it is used somebody may. */
export async function freePort() {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    const server = net.createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
      return port
    } catch {
      // Taken: another one.
    } finally {
      server.close()
    }
  }
}
