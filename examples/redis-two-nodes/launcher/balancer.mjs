import net from 'node:net'

/**
 * A plain TCP balancer: leads each connection to the next port, and past those where nobody listens. It knows nothing of
 * HTTP, nor of who is alive: who comes back after a cut is led elsewhere.
 *
 * @param {readonly number[]} ports
 */
export function balancer(ports) {
  let turn = 0
  return net.createServer((client) => {
    client.on('error', () => client.destroy())
    lead(client, ports.length)
  })

  /** @type {(client: net.Socket, attempts: number) => void} */
  function lead(client, attempts) {
    if (attempts === 0 || client.destroyed) {
      client.destroy()
      return
    }
    const node = net.connect(/** @type {number} */ (ports[turn++ % ports.length]), '127.0.0.1')
    const next = () => lead(client, attempts - 1)
    node.once('error', next)
    node.once('connect', () => {
      node.off('error', next).on('error', () => client.destroy())
      client.pipe(node).pipe(client)
      client.once('close', () => node.destroy())
      node.once('close', () => client.destroySoon())
    })
  }
}
