import { labelOf } from './comparison.mjs'

/** @typedef {import('./candidates.mjs').CandidateId} CandidateId */
/** @typedef {import('./comparison.mjs').Comparison} Comparison */

/**
 * Which candidates are compared: their ids, each with the id of its baseline, or `null` if it is a baseline.
 *
 * @typedef {Partial<Record<CandidateId, CandidateId | null>>} Cast
 */

/** @typedef {Pick<Comparison, 'title' | 'quantity' | 'unit' | 'plot'>} Heading */

/**
 * @typedef {object} Measurement
 * @property {number[]} figures
 * @property {number} [clientShare] how much of one CPU the load client used
 */

/**
 * A running candidate.
 *
 * @typedef {object} Contestant
 * @property {CandidateId} id
 * @property {() => Promise<void>} stop
 */

/**
 * How a comparison is run, where it differs from the default.
 *
 * @typedef {object} Terms
 * @property {readonly string[] | undefined} [among] the ids of the candidates that take part; all by default
 * @property {number} [warmUps] how many uncounted runs each has first, in which its code is compiled; one by default
 * @property {number} [turns] how many turns each has where it usually has one round: with shorter turns, conditions on
 *   the machine are more equal for all. One by default
 */

/**
 * Several candidates, which all run at the same time and are measured in turn.
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
   * Starts all candidates at the same time, does the work, and stops them whatever happens.
   *
   * @template T
   * @param {(id: CandidateId) => Promise<S | { leftOut: string }>} start
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async hold(start, work) {
    const ids = /** @type {CandidateId[]} */ (Object.keys(this.#cast))
    // Waits for all: if one fails, the others must be stopped.
    const outcomes = await Promise.allSettled(ids.map(async (id) => ({ id, subject: await start(id) })))
    try {
      const failures = []
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') failures.push(outcome.reason)
        else if ('leftOut' in outcome.value.subject)
          this.leftOut.push(`${labelOf(outcome.value.id)}: ${outcome.value.subject.leftOut}`)
        else this.subjects.push(outcome.value.subject)
      }
      if (failures.length > 0) throw failures[0]
      return await work()
    } finally {
      await Promise.all(this.subjects.map((subject) => subject.stop()))
    }
  }

  /**
   * Makes candidates do something at the same time, without measuring it.
   *
   * @param {(subject: S) => Promise<unknown>} work
   * @param {readonly string[]} [among] the ids of the candidates that do it; all by default
   */
  async prepare(work, among) {
    await Promise.all(this.#players(among).map(work))
  }

  /**
   * Measures every candidate once per round, so that other activity on the machine affects all of them. A different
   * candidate goes first in each round.
   *
   * @param {readonly Heading[]} headings one for each figure
   * @param {(subject: S) => Promise<Measurement>} measure
   * @param {Terms} [terms]
   * @returns {Promise<Comparison[]>} one for each heading
   */
  async compare(headings, measure, { among, warmUps = 1, turns = 1 } = {}) {
    const players = this.#players(among)
    /** @type {Map<S, Measurement[]>} */
    const measurements = new Map(players.map((subject) => [subject, []]))
    // This only compiles the code, so the candidates need not take turns.
    for (let warmUp = 0; warmUp < warmUps; warmUp++) await Promise.all(players.map(measure))
    for (let turn = 0; turn < this.#rounds * turns; turn++) {
      for (const subject of rotate(players, turn)) measurements.get(subject)?.push(await measure(subject))
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

  /** @param {readonly string[]} [among] */
  #players(among) {
    return this.subjects.filter(({ id }) => among?.includes(id) ?? true)
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
