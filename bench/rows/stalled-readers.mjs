import { labelOf } from '../comparison.mjs'
import { thousands } from '../report/text.mjs'
import { Subject } from '../subject.mjs'

/**
 * @typedef {object} Trial
 * @property {import('../candidates.mjs').CandidateId} id
 * @property {number} stalled how many readers stop reading
 * @property {number} seconds for how long events come then
 */

/** @typedef {{ p50: number, p99: number }} Latency */

/**
 * What came of a trial.
 *
 * @typedef {object} Outcome
 * @property {Trial} trial
 * @property {number} grownBytes by how much resident memory grew at most
 * @property {Latency} alone of those who read, before anybody stalled
 * @property {Latency} beside of those who read, while others were stalled
 */

const MIB = 1024 * 1024
const WORKLOAD = { bytes: 1_024, count: 1 }
const PER_SECOND = 1_000
const READERS = 10
/** How long they read before anybody stalls: to warm up, and to be measured. */
const WARM_UP_SECONDS = 2
const ALONE_SECONDS = 5
const SAMPLE_MS = 50
const PEERS = /** @type {const} */ (['better-sse', 'sse-channel', 'express-sse', 'fastify-sse'])

/** @type {import('./row.mjs').Row} */
export const stalledReaders = {
  id: 'stalled-readers',
  title: 'Readers that stop reading',
  method:
    `Events of 1 KiB come at ${thousands(PER_SECOND)} a second, for ten readers that read and some that have stopped. Resident memory is looked at ` +
    'all the time; what counts is its peak, beside what it was before. Peers keep everything that a reader does not read: less of it shows that.',

  async run({ isQuick }) {
    const own = await observe({ id: 'ssekit-http', stalled: 100, seconds: isQuick ? 10 : 60 })
    // Memory does not mind that they run at the same time.
    const peers = (isQuick ? [] : PEERS).map((id) => observe({ id, stalled: 10, seconds: 10 }))
    const outcomes = [own, ...(await Promise.all(peers))]
    return [
      growth('in all', outcomes, ({ grownBytes }) => grownBytes / MIB),
      growth('for each', outcomes, ({ grownBytes, trial }) => grownBytes / MIB / trial.stalled),
      latency('median', own.trial, own.alone.p50, own.beside.p50),
      latency('99th percentile', own.trial, own.alone.p99, own.beside.p99),
    ]
  },
}

/**
 * @param {Trial} trial
 * @returns {Promise<Outcome>}
 */
function observe(trial) {
  return Subject.with(trial.id, {}, async (subject) => {
    const stalled = await subject.startClient()
    try {
      await subject.client.call('open', { count: READERS })
      const latencyDuring = (/** @type {number} */ seconds) =>
        subject.client.call('latency', WORKLOAD, { perSecond: PER_SECOND, publications: PER_SECOND * seconds })
      await latencyDuring(WARM_UP_SECONDS)
      const alone = await latencyDuring(ALONE_SECONDS)
      await stalled.call('open', { count: trial.stalled })
      await stalled.call('pause')
      const before = subject.residentBytes
      let peak = before
      const sampling = setInterval(() => {
        peak = Math.max(peak, subject.residentBytes)
      }, SAMPLE_MS)
      const beside = await latencyDuring(trial.seconds).finally(() => clearInterval(sampling))
      return { trial, grownBytes: peak - before, alone, beside }
    } finally {
      await stalled.stop()
    }
  })
}

/**
 * @param {string} title
 * @param {readonly Outcome[]} outcomes
 * @param {(outcome: Outcome) => number} figureOf
 */
function growth(title, outcomes, figureOf) {
  const entries = outcomes.map((outcome) => {
    const { id, stalled, seconds } = outcome.trial
    const label = `${labelOf(id)}, ${stalled} stalled for ${seconds} s`
    return { id, label, against: undefined, values: [figureOf(outcome)] }
  })
  return {
    title: `Stalled readers, ${title}`,
    quantity: 'Growth of resident memory',
    unit: 'MiB',
    entries,
    leftOut: [],
  }
}

/**
 * @param {string} what
 * @param {Trial} trial
 * @param {number} alone
 * @param {number} beside
 */
function latency(what, trial, alone, beside) {
  const entries = [
    { id: 'alone', label: 'nobody stalled', against: undefined, values: [alone] },
    { id: 'beside', label: `${trial.stalled} stalled`, against: 'alone', values: [beside] },
  ]
  return {
    title: `Latency of those who read, ${what}`,
    quantity: 'Latency of **ssekit** on http',
    unit: 'ms',
    entries,
    leftOut: [],
  }
}
