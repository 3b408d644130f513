import { Stage } from '../stage.mjs'
import { costOfTurn } from './publishing.mjs'

const SUBSCRIBERS = 1_000
const TOPICS = 10
/** In one turn, each stream with a filter gets one event. */
const PUBLICATIONS = TOPICS
const TURNS = 3
const WORKLOAD = { bytes: 100, count: 1 }

/** @type {import('../stage.mjs').Cast} */
const cast = { 'ssekit-all': null, 'ssekit-all-again': 'ssekit-all', 'ssekit-filter': 'ssekit-all' }

/** @type {import('./row.mjs').Row} */
export const filters = {
  id: 'filters',
  title: 'Filters',
  method:
    'Events of ten types are published in turn. A stream with a filter gets the events of one type, a stream without a filter gets all events.',

  run: ({ rounds }) =>
    Stage.with(cast, rounds, { heartbeatMs: 0 }, async (stage) => {
      await stage.open({ count: SUBSCRIBERS, paths: TOPICS })
      const title = `100 bytes, 1,000 subscribers of which each wants one event in ten`
      const heading = { title, quantity: 'CPU per published event', unit: 'µs' }
      const measure = async (/** @type {import('../subject.mjs').Subject} */ subject) => {
        const share = subject.id === 'ssekit-filter' ? 1 / TOPICS : 1
        const turn = { publications: PUBLICATIONS, deliveries: SUBSCRIBERS * share, each: PUBLICATIONS * share }
        const usage = await costOfTurn(subject, WORKLOAD, turn)
        return { figures: [(usage.cpuMs * 1000) / PUBLICATIONS], clientShare: usage.clientShare }
      }
      return stage.compare([heading], measure, { warmUps: TURNS, turns: TURNS })
    }),
}
