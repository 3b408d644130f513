import { labelOf } from './comparison.mjs'
import { Subject } from './subject.mjs'

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

/** How often each is run before it counts: its code is compiled then. */
const WARM_UPS = 1

/** Several candidates, all of which run at once, and are measured in turn. */
export class Stage {
  /** @type {Subject[]} */
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
   * Starts all candidates, hands them to the work, and stops them whatever happens.
   *
   * @template T
   * @param {Cast} cast
   * @param {number} rounds
   * @param {Readonly<Record<string, unknown>>} options for all servers
   * @param {(stage: Stage) => Promise<T>} work
   * @returns {Promise<T>}
   */
  static async with(cast, rounds, options, work) {
    const stage = new Stage(cast, rounds)
    try {
      for (const id of /** @type {CandidateId[]} */ (Object.keys(cast))) await stage.#start(id, options)
      return await work(stage)
    } finally {
      for (const subject of stage.subjects) await subject.stop()
    }
  }

  /** @param {{ count: number, paths?: number }} streams each candidate gets so many */
  async open(streams) {
    for (const { client } of this.subjects) await client.call('open', streams)
  }

  /**
   * Measures round by round: in each, every candidate once, so that whatever else the machine does meets them all. Who is first
   * changes from round to round.
   *
   * @param {readonly Heading[]} headings one for each figure
   * @param {(subject: Subject) => Promise<Measurement>} measure
   * @returns {Promise<Comparison[]>} one for each heading
   */
  async compare(headings, measure) {
    /** @type {Map<Subject, Measurement[]>} */
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
   * @param {(subject: Subject) => Promise<Measurement>} measure
   * @returns {Promise<Comparison[]>}
   */
  async compareAtOnce(headings, measure) {
    /** @type {Map<Subject, Measurement[]>} */
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
   * @param {Map<Subject, Measurement[]>} measurements
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
      clientShare: Math.max(...shares),
      leftOut: this.leftOut,
    }))
  }

  /**
   * @param {CandidateId} id
   * @param {Readonly<Record<string, unknown>>} options
   */
  async #start(id, options) {
    const subject = await Subject.start(id, options)
    if (subject instanceof Subject) this.subjects.push(subject)
    else this.leftOut.push(`${labelOf(id)}: ${subject.leftOut}`)
  }
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} by
 */
function rotate(list, by) {
  const start = by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}
