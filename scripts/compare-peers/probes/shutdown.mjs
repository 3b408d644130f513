import { open } from '../client.mjs'
import { becomes, settles } from '../wait.mjs'

/** A server with an open stream can be stopped: the stream ends, and the server closes. @type {import('./wire.mjs').Probe} */
export async function shutdown({ channel }) {
  const { server, broadcast, readers, shutDown } = await channel({})
  const client = open(server)
  await becomes(() => readers() === 1)
  broadcast({ data: 'hello' })
  await becomes(() => client.data.includes('hello'))
  const start = performance.now()
  if (shutDown !== undefined && !(await settles(shutDown(), 10_000))) return '–'
  const closed = new Promise((resolve) => server.close(resolve))
  if (!(await settles(closed, 10_000)) || !client.isEnded) return '–'
  const seconds = Math.round((performance.now() - start) / 1000)
  return seconds === 0 ? '✓' : `✓, after ${seconds} s`
}
