import { labelOf } from '../comparison.mjs'
import { thousands } from '../report/text.mjs'
import { Subject } from '../subject.mjs'

/**
 * @typedef {object} Trial
 * @property {import('../candidates.mjs').CandidateId} id
 * @property {number} stalled how many readers stop reading
 * @property {number} seconds for how long events are published after that
 */

/** @typedef {{ p50: number, p99: number }} Latency */

/**
 * The result of a trial.
 *
 * @typedef {object} Outcome
 * @property {number} grownBytes the peak growth of resident memory
 * @property {Latency} latency of the clients that read
 */

/** @typedef {{ trial: Trial, beside: Outcome, alone: Outcome }} Pair `alone`: the control, without stalled readers */

const MIB = 1024 * 1024
const WORKLOAD = { bytes: 1_024, count: 1 }
const PER_SECOND = 1_000
const READERS = 10
/** How long all readers read before some of them stall. */
const WARM_UP_SECONDS = 2
const SAMPLE_MS = 50
const PEERS = /** @type {const} */ (['better-sse', 'sse-channel', 'express-sse', 'fastify-sse'])

/** @type {import('./row.mjs').Row} */
export const stalledReaders = {
  id: 'stalled-readers',
  title: 'Readers that stop reading',
  method:
    `${thousands(PER_SECOND)} events of 1 KiB a second are published for ten clients that read and some that have stopped reading. Resident memory is ` +
    'sampled throughout. The figure is its peak, less its value at the start, after garbage collection. A second process, the control, does the same ' +
    'at the same time for ten clients that all read. Its growth is the cost of the traffic itself, mostly V8’s young generation. The other ' +
    'packages keep everything that a stalled client does not read, so fewer stalled clients and a shorter time are enough to show it.',

  async run({ isQuick }) {
    const own = await observe({ id: 'ssekit-http', stalled: 100, seconds: isQuick ? 10 : 60 })
    // Running the packages at the same time does not change their memory.
    const peers = (isQuick ? [] : PEERS).map((id) => observe({ id, stalled: 10, seconds: 10 }))
    const pairs = [own, ...(await Promise.all(peers))]
    return [
      growth('beyond that of the control, in total', pairs.map(entryOf(beyondControl))),
      growth(
        'beyond that of the control, per stalled reader',
        pairs.map(entryOf((pair) => beyondControl(pair) / pair.trial.stalled)),
      ),
      growth('as measured, and that of the control', pairs.flatMap(entriesOf)),
      latency('median', own, ({ p50 }) => p50),
      latency('99th percentile', own, ({ p99 }) => p99),
    ]
  },
}

/**
 * @param {Trial} trial
 * @returns {Promise<Pair>}
 */
async function observe(trial) {
  const [beside, alone] = await Promise.all([observeOne(trial), observeOne({ ...trial, stalled: 0 })])
  return { trial, beside, alone }
}

/**
 * @param {Trial} trial
 * @returns {Promise<Outcome>}
 */
function observeOne(trial) {
  return Subject.with(trial.id, {}, async (subject) => {
    const stalled = await subject.startClient()
    try {
      await subject.client.call('open', { count: READERS })
      const latencyDuring = (/** @type {number} */ seconds) =>
        subject.client.call('latency', WORKLOAD, { perSecond: PER_SECOND, publications: PER_SECOND * seconds })
      await latencyDuring(WARM_UP_SECONDS)
      await stalled.call('open', { count: trial.stalled })
      await stalled.call('pause')
      const { resident } = await subject.server.call('memory')
      let peak = resident
      const sampling = setInterval(() => {
        peak = Math.max(peak, subject.residentBytes)
      }, SAMPLE_MS)
      const latency = await latencyDuring(trial.seconds).finally(() => clearInterval(sampling))
      return { grownBytes: peak - resident, latency }
    } finally {
      await stalled.stop()
    }
  })
}

/** @param {Pair} pair */
function beyondControl({ beside, alone }) {
  return beside.grownBytes - alone.grownBytes
}

/** @param {(pair: Pair) => number} bytesOf */
function entryOf(bytesOf) {
  return (/** @type {Pair} */ pair) => {
    const { id, stalled, seconds } = pair.trial
    const label = `${labelOf(id)}, ${stalled} stalled for ${seconds} s`
    return { id, label, against: undefined, values: [bytesOf(pair) / MIB] }
  }
}

/** @param {Pair} pair */
function entriesOf(pair) {
  const { id, seconds } = pair.trial
  const label = `${labelOf(id)}, none stalled for ${seconds} s`
  return [
    entryOf(({ beside }) => beside.grownBytes)(pair),
    { id: `${id}-control`, label, against: undefined, values: [pair.alone.grownBytes / MIB] },
  ]
}

/**
 * @param {string} what
 * @param {import('../comparison.mjs').Entry[]} entries
 */
function growth(what, entries) {
  return {
    title: `Stalled readers, growth ${what}`,
    quantity: 'Growth of resident memory',
    unit: 'MiB',
    entries,
    leftOut: [],
  }
}

/**
 * @param {string} what
 * @param {Pair} pair
 * @param {(latency: Latency) => number} figureOf
 */
function latency(what, { trial, alone, beside }, figureOf) {
  const entries = [
    {
      id: 'alone',
      label: 'the control, without stalled readers',
      against: undefined,
      values: [figureOf(alone.latency)],
    },
    { id: 'beside', label: `${trial.stalled} stalled`, against: 'alone', values: [figureOf(beside.latency)] },
  ]
  return {
    title: `Latency of the clients that read, ${what}`,
    quantity: 'Latency of **ssekit** on http',
    unit: 'ms',
    entries,
    leftOut: [],
  }
}
