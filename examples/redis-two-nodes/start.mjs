// Starts the whole demo: Redis (unless $REDIS_URL names one), two nodes, a publisher, and a load balancer in front of the nodes.
// Killed processes are started again. The code that users write themselves is in express.mjs, fastify.mjs and publisher.mjs.
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { balancer } from './launcher/balancer.mjs'
import { caretaker } from './launcher/caretaker.mjs'
import { freePort } from './launcher/free-port.mjs'
import { Program } from './launcher/program.mjs'

const { REDIS_URL, REDIS_SERVER = 'redis-server', PORT } = process.env
const [redisPort, expressPort, fastifyPort] = [await freePort(), await freePort(), await freePort()]
const redisUrl = REDIS_URL ?? `redis://127.0.0.1:${redisPort}`
const folder = mkdtempSync(join(tmpdir(), 'ssekit-two-nodes-'))
const janitor = caretaker(folder)

const redis = new Program({
  name: 'redis',
  // With a file, so that it keeps its data when it is killed and started again.
  command: [REDIS_SERVER, '--port', `${redisPort}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'],
  port: redisPort,
  isQuiet: true,
  onChange,
})
const nodes = [script('express', expressPort), script('fastify', fastifyPort), script('publisher')]
const programs = [...(REDIS_URL === undefined ? [redis] : []), ...nodes]
const front = balancer([expressPort, fastifyPort])

let isStopping = false
// A terminal that is closed sends SIGHUP.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)

if (await hasRedis()) {
  await Promise.all(nodes.map((node) => node.start()))
  if (!isStopping) await openFront()
} else {
  console.error('This needs Redis: install redis-server, or set REDIS_URL to the address of one that runs.')
  process.exitCode = 1
  await stop()
}

async function hasRedis() {
  try {
    if (REDIS_URL === undefined) await redis.start()
    return true
  } catch {
    return false
  }
}

/** Listens at `$PORT`, or else at 3000 or any free port, and prints the address. */
async function openFront() {
  try {
    await once(front.listen(Number(PORT ?? 3000), '127.0.0.1'), 'listening')
  } catch (error) {
    if (PORT !== undefined) throw error
    await once(front.listen(0, '127.0.0.1'), 'listening')
  }
  const { port } = /** @type {import('node:net').AddressInfo} */ (front.address())
  console.log(`\nOpen http://127.0.0.1:${port}, and kill processes there or from here. Ctrl-C stops everything.\n`)
}

async function stop() {
  if (isStopping) return
  isStopping = true
  front.close()
  await Promise.all(nodes.map((node) => node.stop()))
  // Last, since a program that stops may still have events to publish.
  await redis.stop()
  await janitor.done()
}

/**
 * @param {string} name
 * @param {number} [port]
 */
function script(name, port) {
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url))
  const env = { REDIS_URL: redisUrl, ...(port === undefined ? {} : { PORT: `${port}` }) }
  const options = { name, command: /** @type {const} */ ([process.execPath, file]), env, onChange, onMessage }
  return new Program(port === undefined ? options : { ...options, port })
}

/**
 * Receives clicks on the page's buttons, which a node forwards.
 *
 * @param {unknown} message
 */
function onMessage(message) {
  // Programs send other messages, too.
  const { kill } = /** @type {{ kill?: { node: string } }} */ (message ?? {})
  nodes.find(({ name }) => name === kill?.node)?.kill()
}

function onChange() {
  janitor.watch(programs.flatMap(({ pid }) => pid ?? []))
}
