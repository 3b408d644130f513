import { candidate } from './candidates.mjs'
import { median, quantile } from './statistics.mjs'

/**
 * One candidate's figures, one per turn.
 *
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} label
 * @property {string | undefined} against the id of the entry that it is divided by; undefined for a baseline
 * @property {number[]} values
 */

/**
 * A table: the figures of several candidates in the same rounds.
 *
 * @typedef {object} Comparison
 * @property {string} title
 * @property {string} quantity what the figures are, for the heading of a table
 * @property {string} unit
 * @property {'value' | 'ratio' | undefined} [plot] what is plotted, if anything
 * @property {Entry[]} entries
 * @property {number} [clientShare] how much of one CPU the load client used
 * @property {string[]} leftOut which candidates could not be measured, and why
 */

/**
 * The median, and the bounds of the middle half of all figures. @typedef {{ low: number, middle: number, high: number
 * }} Spread
 */

/**
 * The figure that represents an entry.
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
 * Joins repeated runs of the same comparisons into comparisons with all rounds.
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
 * Joins comparisons of different candidates with the same heading into one.
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
