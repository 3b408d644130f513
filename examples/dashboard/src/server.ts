// One process, one manager, three servers. PORT is the first of three ports, HOST where they listen.
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

express.locals.ports = { express: portOf(expressServer), fastify: portOf(fastifyServer), koa: portOf(koaServer) }
const stopMetrics = startMetrics()

let isStopping = false

async function stop(): Promise<void> {
  // Not `once`: a second signal, from an impatient user, would kill the process at once.
  if (isStopping) return
  isStopping = true
  stopMetrics()
  // Streams first: an open stream keeps its server from closing.
  await manager.close({ graceMs: 1_000 })
  await fastify.close()
  for (const server of [expressServer, koaServer]) {
    server.close()
    // `close()` also waits for connections without a request, and browsers open such connections in advance.
    server.closeAllConnections()
  }
}

// Nothing calls process.exit(): once all is closed, nothing keeps the process running.
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

const address = (port: number): string => `http://${host}:${port}`
console.log(`
  The dashboard is at ${address(portOf(expressServer))}

  Express  ${address(portOf(expressServer))}
  Fastify  ${address(portOf(fastifyServer))}
  Koa      ${address(portOf(koaServer))}

  Ctrl+C ends it.
`)
