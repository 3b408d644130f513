import { createServer } from 'node:net'

/**
 * A port that is free now, for servers that cannot choose one themselves.
 *
 * @returns {Promise<number>}
 */
export function freePort() {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(port))
    })
  })
}
