// One process, one manager, three servers. PORT is the first of three ports, HOST where they listen.
import { networkInterfaces } from 'node:os'
import { manager } from './channels.js'
import { app as express } from './express.js'
import { app as fastify } from './fastify.js'
import { listenOn, portOf } from './free-port.js'
import { app as koa } from './koa.js'
import { startMetrics } from './metrics.js'

const { PORT = '3000', HOST: host = '127.0.0.1' } = process.env
const first = Number(PORT)
// 0 means any free port, and then two more.
const beside = (offset: number): number => (first === 0 ? 0 : first + offset)

const expressServer = await listenOn(first, (port) => express.listen(port, host))
const fastifyServer = await listenOn(beside(1), async (port) => {
  await fastify.listen({ port, host })
  return fastify.server
})
const koaServer = await listenOn(beside(2), (port) => koa.listen(port, host))

const servers = [expressServer, fastifyServer, koaServer]
express.locals.ports = { express: portOf(expressServer), fastify: portOf(fastifyServer), koa: portOf(koaServer) }
const stopMetrics = startMetrics()

let isStopping = false

// docs/shutdown.md explains these steps.
async function stop(): Promise<void> {
  // Not `once`: a second signal, from an impatient user, would kill the process at once.
  if (isStopping) return
  isStopping = true
  stopMetrics()
  expressServer.close()
  koaServer.close()
  for (const server of servers) {
    // A connection that still gets an answer is closed after it.
    server.keepAliveTimeout = 1
    server.prependListener('request', (_req, res) => res.setHeader('Connection', 'close'))
  }
  // Destroys what is left: answers that take too long, and connections that never send a request.
  setTimeout(() => servers.map((server) => server.closeAllConnections()), 2_000).unref()
  await manager.close({ graceMs: 1_000 })
  // After the streams, since Fastify closes its server itself.
  await fastify.close()
}

// Nothing calls process.exit(): once all is closed, nothing keeps the process running.
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

// No browser opens 0.0.0.0 on another device, nor everywhere on this one.
const isEverywhere = ['0.0.0.0', '::'].includes(host)
const address = (port: number, name = isEverywhere ? '127.0.0.1' : host): string => `http://${name}:${port}`
const others = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ family, internal }) => isEverywhere && family === 'IPv4' && !internal)

console.log(`
  The dashboard is at ${address(portOf(expressServer))}
${others.map((other) => `  From other devices: ${address(portOf(expressServer), other.address)}\n`).join('')}
  Express  ${address(portOf(expressServer))}
  Fastify  ${address(portOf(fastifyServer))}
  Koa      ${address(portOf(koaServer))}

  Ctrl+C ends it.
`)
