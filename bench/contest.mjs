import { labelOf } from './comparison.mjs'

/** @typedef {import('./candidates.mjs').CandidateId} CandidateId */
/** @typedef {import('./comparison.mjs').Comparison} Comparison */

/**
 * Who is compared with whom: the ids of candidates, each with the id of its baseline; `null` for a baseline.
 *
 * @typedef {Partial<Record<CandidateId, CandidateId | null>>} Cast
 */

/** @typedef {Pick<Comparison, 'title' | 'quantity' | 'unit' | 'plot'>} Heading */

/**
 * @typedef {object} Measurement
 * @property {number[]} figures
 * @property {number} [clientShare] how much of one CPU the load client took
 */

/**
 * A candidate that runs.
 *
 * @typedef {object} Contestant
 * @property {CandidateId} id
 * @property {() => Promise<void>} stop
 */

/** How often each is run before it counts: its code is compiled then. */
const WARM_UPS = 1

/**
 * Several candidates, all of which run at once, and are measured in turn.
 *
 * @template {Contestant} S
 */
export class Contest {
  /** @type {S[]} */
  subjects = []
  /** @type {string[]} */
  leftOut = []
  #cast
  #rounds

  /**
   * @param {Cast} cast
   * @param {number} rounds
   */
  constructor(cast, rounds) {
    this.#cast = cast
    this.#rounds = rounds
  }

  /**
   * Starts all candidates, does the work, and stops them whatever happens.
   *
   * @template T
   * @param {(id: CandidateId) => Promise<S | { leftOut: string }>} start
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async hold(start, work) {
    try {
      for (const id of /** @type {CandidateId[]} */ (Object.keys(this.#cast))) {
        const subject = await start(id)
        if ('leftOut' in subject) this.leftOut.push(`${labelOf(id)}: ${subject.leftOut}`)
        else this.subjects.push(subject)
      }
      return await work()
    } finally {
      for (const subject of this.subjects) await subject.stop()
    }
  }

  /**
   * Measures round by round: in each, every candidate once, so that whatever else the machine does meets them all. Who is first
   * changes from round to round.
   *
   * @param {readonly Heading[]} headings one for each figure
   * @param {(subject: S) => Promise<Measurement>} measure
   * @returns {Promise<Comparison[]>} one for each heading
   */
  async compare(headings, measure) {
    /** @type {Map<S, Measurement[]>} */
    const measurements = new Map(this.subjects.map((subject) => [subject, []]))
    for (let round = 0; round < WARM_UPS + this.#rounds; round++) {
      for (const subject of rotate(this.subjects, round)) {
        const measurement = await measure(subject)
        if (round >= WARM_UPS) measurements.get(subject)?.push(measurement)
      }
    }
    return this.#comparisons(headings, measurements)
  }

  /**
   * Measures all candidates at the same time, round by round.
   *
   * @param {readonly Heading[]} headings
   * @param {(subject: S) => Promise<Measurement>} measure
   * @returns {Promise<Comparison[]>}
   */
  async compareAtOnce(headings, measure) {
    /** @type {Map<S, Measurement[]>} */
    const measurements = new Map(this.subjects.map((subject) => [subject, []]))
    for (let round = 0; round < this.#rounds; round++) {
      await Promise.all(
        this.subjects.map(async (subject) => {
          measurements.get(subject)?.push(await measure(subject))
        }),
      )
    }
    return this.#comparisons(headings, measurements)
  }

  /**
   * @param {readonly Heading[]} headings
   * @param {Map<S, Measurement[]>} measurements
   * @returns {Comparison[]}
   */
  #comparisons(headings, measurements) {
    const shares = [...measurements.values()].flat().map(({ clientShare = 0 }) => clientShare)
    return headings.map((heading, index) => ({
      ...heading,
      entries: [...measurements].map(([{ id }, list]) => ({
        id,
        label: labelOf(id),
        against: this.#cast[id] ?? undefined,
        values: list.map(({ figures }) => figures[index] ?? Number.NaN),
      })),
      clientShare: Math.max(0, ...shares),
      leftOut: this.leftOut,
    }))
  }
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} by
 */
function rotate(list, by) {
  if (list.length === 0) return []
  const start = by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}
