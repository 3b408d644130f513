import { joined } from '../comparison.mjs'
import { thousands } from '../report/text.mjs'
import { Stage } from '../stage.mjs'

const INTERVAL_MS = 2_000
/** How long a measurement lasts: in that time, a stream gets one heartbeat or two. */
const LOOK_MS = 3_000
/** Occurs once in every heartbeat, whatever its text. */
const MARKER = ':'

/** @type {import('../stage.mjs').Cast} */
const quickCast = { net: null, 'ssekit-http': 'net' }

/** @type {import('../stage.mjs').Cast} */
const cast = { net: null, 'net-again': 'net', 'ssekit-http': 'net', 'better-sse': 'net', 'fastify-sse': 'net' }

/** @type {import('./row.mjs').Row} */
export const heartbeats = {
  id: 'heartbeats',
  title: 'Heartbeats',
  method:
    'Idle streams get a comment every two seconds. All servers run at the same time. The bare baseline has one timer, which writes to all ' +
    'sockets at once. The stall is the longest time without a turn of the event loop. It is measured with one server at a time.',

  async run({ isQuick, rounds, allows }) {
    const count = isQuick ? 2_000 : 10_000
    if (!allows(count)) return []
    const players = isQuick ? quickCast : cast
    const streams = `${thousands(count)} idle streams`
    const options = { heartbeatMs: INTERVAL_MS }
    const costs = await Stage.with(players, isQuick ? 1 : rounds, options, async (stage) => {
      await stage.open({ count })
      return stage.compareAtOnce([{ title: streams, quantity: 'CPU per heartbeat', unit: 'µs' }], async (subject) => {
        const { total, ...usage } = await countBeats(subject)
        return { figures: [(usage.cpuMs * 1000) / total], clientShare: usage.clientShare }
      })
    })
    const stalls = []
    for (const [id, against] of Object.entries(players)) {
      // With one measurement of each, a control would show nothing.
      if (id.endsWith('-again')) continue
      const stall = await Stage.with({ [id]: against }, 1, options, async (stage) => {
        await stage.open({ count })
        const heading = { title: `${streams}, longest stall`, quantity: 'Stall of the event loop', unit: 'ms' }
        return stage.compareAtOnce([heading], async ({ server }) => ({
          figures: [await server.call('stall', LOOK_MS)],
        }))
      })
      stalls.push(...stall)
    }
    return [...costs, joined(stalls)]
  },
}

/** @param {import('../subject.mjs').Subject} subject */
async function countBeats(subject) {
  let counted = { total: 0, least: 0, most: 0 }
  const usage = await subject.usage(async () => {
    counted = await subject.client.call('count', MARKER, LOOK_MS)
  })
  const { total, least, most } = counted
  if (least < 1 || most > 3) {
    throw new Error(`${subject.id}: in ${LOOK_MS} ms one stream got ${least} heartbeats and another one ${most}`)
  }
  return { ...usage, total }
}
