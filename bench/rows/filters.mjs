import { Stage } from '../stage.mjs'

const SUBSCRIBERS = 1_000
const TOPICS = 10
const PUBLICATIONS = 50
const WORKLOAD = { bytes: 100, count: 1 }

/** @type {import('../stage.mjs').Cast} */
const cast = { 'ssekit-all': null, 'ssekit-all-again': 'ssekit-all', 'ssekit-filter': 'ssekit-all' }

/** @type {import('./row.mjs').Row} */
export const filters = {
  id: 'filters',
  title: 'Filters',
  method: 'Events of ten types in turn. With a filter, a stream gets those of one type; without, all.',

  run: ({ rounds }) =>
    Stage.with(cast, rounds, { heartbeatMs: 0 }, async (stage) => {
      await stage.open({ count: SUBSCRIBERS, paths: TOPICS })
      const title = `100 bytes, 1,000 subscribers of which each wants one event in ten`
      return stage.compare([{ title, quantity: 'CPU per published event', unit: 'µs' }], async (subject) => {
        const share = subject.id === 'ssekit-filter' ? 1 / TOPICS : 1
        const expected = { publications: PUBLICATIONS, deliveries: SUBSCRIBERS * share, each: PUBLICATIONS * share }
        const usage = await subject.usage(() => subject.client.call('publish', WORKLOAD, expected))
        return { figures: [(usage.cpuMs * 1000) / PUBLICATIONS], clientShare: usage.clientShare }
      })
    }),
}
