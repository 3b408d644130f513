import { open, plain } from '../client.mjs'
import { becomes } from '../wait.mjs'

/** @typedef {import('./wire.mjs').Probe} Probe */

const BREAKS = ['\n', '\r', '\r\n']

/** No part of an event can add another event or another field, whatever it contains. @type {Probe} */
export async function forge({ channel }) {
  const stand = await channel({})
  const client = open(stand.server)
  await becomes(() => stand.readers() === 1)
  // Waits until the library has sent its own start of the stream.
  stand.broadcast({ data: 'ready' })
  await becomes(() => client.data.includes('ready'))
  /** @type {Record<string, ((text: string) => unknown) | undefined>} */
  const ways = {
    data: (data) => stand.broadcast({ data }),
    event: (event) => stand.broadcast({ event, data: 'real' }),
    id: (id) => stand.broadcast({ id, data: 'real' }),
    comment: stand.comment,
    'a bare string': stand.string,
  }
  const forgeable = []
  let round = 0
  for (const [way, send] of Object.entries(ways)) {
    let isForged = false
    for (const eol of BREAKS) {
      const start = client.events.length
      const text = `x${eol}data: forged${eol}${eol}data: forged`
      try {
        send?.(text)
      } catch {
        // A library may also refuse the event.
      }
      const done = `done ${round++}`
      stand.broadcast({ data: done })
      await becomes(() => client.data.includes(done))
      const honest = [text.replaceAll(/\r\n?/g, '\n'), text, 'real', done]
      isForged ||= client.events.slice(start).some(({ data }) => !honest.includes(plain(data)))
    }
    if (isForged) forgeable.push(way)
  }
  return forgeable.length === 0 ? '✓' : `– (${forgeable.join(', ')})`
}
