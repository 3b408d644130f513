import { open } from '../client.mjs'
import { becomes } from '../wait.mjs'

/** @typedef {(library: import('../library.mjs').Library) => Promise<string>} Probe */

/** The response headers are sent before the first event. @type {Probe} */
export async function head({ channel }) {
  const { server } = await channel({})
  const client = open(server)
  return (await becomes(() => client.status === 200)) ? '✓' : '–'
}

/** A HEAD request gets a response, which ends. @type {Probe} */
export async function headRequest({ channel }) {
  const { server } = await channel({})
  /** @type {import('node:http').ServerResponse[]} */
  const responses = []
  server.on('request', (_req, res) => responses.push(res))
  const client = open(server, {}, 'HEAD')
  if (!(await becomes(() => client.status !== 0))) return '– (no answer)'
  return (await becomes(() => responses[0]?.writableFinished === true)) ? '✓' : '– (stays open)'
}

/** The first event passes through compression while the stream is open. @type {Probe} */
export async function compression({ channel }) {
  const { server, readers, broadcast } = await channel({ transport: 'compression' })
  const client = open(server, { 'accept-encoding': 'gzip' })
  await becomes(() => readers() === 1)
  broadcast({ data: 'hello' })
  if (!(await becomes(() => client.data.includes('hello')))) return '–'
  return client.headers['content-encoding'] === undefined ? '✓' : '✓, compressed'
}

/** @type {Probe} */
export async function fetchApi(library) {
  if (library.fetch === undefined) return '–'
  const response = await library.fetch(new Request('http://localhost/'))
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const read = async () => {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) text += part.value
  }
  void read()
  return (await becomes(() => text.includes('hello'))) ? '✓' : '–'
}

/** A request for something other than an event stream does not get one. @type {Probe} */
export async function accept({ channel }) {
  const { server } = await channel({})
  const client = open(server, { accept: 'application/json' })
  await becomes(() => client.status !== 0)
  return client.status === 406 ? '✓' : '–'
}

/** How long an idle stream waits before it sends a comment. @type {Probe} */
export async function heartbeat({ channel }) {
  const { server, readers, broadcast } = await channel({})
  const client = open(server)
  await becomes(() => readers() === 1)
  broadcast({ data: 'hello' })
  await becomes(() => client.data.includes('hello'))
  const before = client.comments.length
  const start = performance.now()
  if (!(await becomes(() => client.comments.length > before, 35_000))) return '–'
  return `${Math.round((performance.now() - start) / 1000)} s`
}
