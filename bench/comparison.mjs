import { candidate } from './candidates.mjs'
import { median, quantile } from './statistics.mjs'

/**
 * One candidate's figures, one a turn.
 *
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} label
 * @property {string | undefined} against the id of the entry that it is divided by; none for a baseline
 * @property {number[]} values
 */

/**
 * A table: what several candidates did in the same rounds.
 *
 * @typedef {object} Comparison
 * @property {string} title
 * @property {string} quantity what the figures are, as a table's heading says it
 * @property {string} unit
 * @property {'value' | 'ratio' | undefined} [plot] what is drawn of it, if anything
 * @property {Entry[]} entries
 * @property {number} [clientShare] how much of one CPU the load client took
 * @property {string[]} leftOut who could not be measured, and why
 */

/** The median, and between which two figures the middle half of all is. @typedef {{ low: number, middle: number, high: number }} Spread */

/**
 * The figure that stands for all of an entry's.
 *
 * @param {Entry} entry
 */
export function typicalOf({ values }) {
  return median(values)
}

/**
 * An entry's figures divided by its baseline's, turn by turn; undefined for a baseline.
 *
 * @param {Comparison} comparison
 * @param {Entry} entry
 * @returns {Spread | undefined}
 */
export function ratioOf({ entries }, { against, values }) {
  const baseline = entries.find(({ id }) => id === against)
  if (baseline === undefined) return undefined
  const ratios = values.map((value, turn) => value / (baseline.values[turn] ?? Number.NaN)).sort((a, b) => a - b)
  return { low: quantile(ratios, 0.25), middle: median(ratios), high: quantile(ratios, 0.75) }
}

/** @param {string} id */
export function labelOf(id) {
  return candidate(/** @type {import('./candidates.mjs').CandidateId} */ (id)).label
}

/**
 * Comparisons of the same with the same candidates, each time anew, as one with all rounds.
 *
 * @param {readonly (readonly Comparison[])[]} runs each with the same tables
 * @returns {Comparison[]}
 */
export function continued([first = [], ...others]) {
  return first.map((comparison, table) => ({
    ...comparison,
    entries: comparison.entries.map((entry, index) => ({
      ...entry,
      values: [entry, ...others.map((run) => run[table]?.entries[index])].flatMap((each) => each?.values ?? []),
    })),
  }))
}

/**
 * Comparisons of the same with different candidates, as one.
 *
 * @param {readonly Comparison[]} comparisons
 * @returns {Comparison}
 */
export function joined(comparisons) {
  const [first] = comparisons
  if (first === undefined) throw new Error('there is nothing to join')
  return {
    ...first,
    entries: comparisons.flatMap(({ entries }) => entries),
    clientShare: Math.max(...comparisons.map(({ clientShare = 0 }) => clientShare)),
    leftOut: comparisons.flatMap(({ leftOut }) => leftOut),
  }
}
