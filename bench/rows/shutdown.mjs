import { labelOf } from '../comparison.mjs'
import { thousands } from '../report/text.mjs'
import { Subject } from '../subject.mjs'

/** @typedef {import('../candidates.mjs').CandidateId} CandidateId */

const READING = 5_000
const STALLED = 20
const GRACE_MS = 2_000
/** All fills together are more than the buffers at both ends of a socket hold. */
const FILL = { bytes: 65_536, count: 10 }
const FILLS = 25

/** @type {readonly CandidateId[]} */
const players = ['ssekit-http', 'ssekit-express', 'ssekit-fastify', 'ssekit-koa']

/** @type {import('./row.mjs').Row} */
export const shutdown = {
  id: 'shutdown',
  title: 'Shutdown',
  method:
    `The server ends ${thousands(READING)} streams with a last event, which each client has to receive. ${STALLED} more streams, whose readers have ` +
    `stalled with full sockets, get ${thousands(GRACE_MS)} ms of grace. The process exits by itself once nothing is open.`,

  async run({ isQuick, allows }) {
    if (!allows(READING + STALLED)) return []
    const ids = isQuick ? players.slice(0, 1) : players
    /** @type {Awaited<ReturnType<typeof shutDown>>[]} */
    const ends = []
    for (const id of ids) ends.push(await shutDown(id))
    const entriesOf = (/** @type {(end: { readingMs: number, exitMs: number }) => number} */ figureOf) =>
      ends.map((end) => ({ id: end.id, label: labelOf(end.id), against: undefined, values: [figureOf(end)] }))
    return [
      {
        title: 'Until the last client has received the end',
        quantity: 'Time',
        unit: 'ms',
        entries: entriesOf(({ readingMs }) => readingMs),
        leftOut: [],
      },
      {
        title: 'Until the process has ended',
        quantity: 'Time',
        unit: 'ms',
        entries: entriesOf(({ exitMs }) => exitMs),
        leftOut: [],
      },
    ]
  },
}

/** @param {CandidateId} id */
function shutDown(id) {
  return Subject.with(id, { graceMs: GRACE_MS }, async (subject) => {
    const { server, client } = subject
    const stalled = await subject.startClient()
    try {
      await stalled.call('open', { count: STALLED })
      await stalled.call('pause')
      await stalled.call('publishBlindly', FILL, { perSecond: 50, publications: FILLS })
      await client.call('open', { count: READING })
      await client.call('expectEnd')
      const start = process.hrtime.bigint()
      // The server exits without answering this call.
      server.call('shutDown').catch(() => {})
      const readingEnd = await client.call('awaitEnd')
      const code = await server.ended()
      if (code !== 0) throw new Error(`${id} exited with ${code}`)
      return { id, readingMs: Number(readingEnd - start) / 1e6, exitMs: Number(process.hrtime.bigint() - start) / 1e6 }
    } finally {
      await stalled.stop()
    }
  })
}
