import { ratioOf, typicalOf } from '../comparison.mjs'

/** @typedef {import('../comparison.mjs').Comparison} Comparison */

/** How far from 1 the ratio of a baseline to itself may be. */
const CONTROL_LIMIT = 0.03

/** A number with three significant digits. @param {number} value */
export function figure(value) {
  if (Number.isInteger(value)) return String(value)
  const digits = 2 - Math.floor(Math.log10(Math.abs(value) || 1))
  return value.toFixed(Math.min(Math.max(digits, 0), 3))
}

/** @param {number} count */
export function thousands(count) {
  return count.toLocaleString('en')
}

/** Markdown as plain text. @param {string} text */
export function plain(text) {
  return text.replace(/\*\*|`/g, '')
}

/** The heading and the lines of a comparison's table. @param {Comparison} comparison */
export function tableOf(comparison) {
  const { entries, quantity, unit } = comparison
  const hasRatios = entries.some(({ against }) => against !== undefined)
  const heading = ['', quantity, ...(hasRatios ? ['Ratio', 'Middle half'] : [])]
  const lines = entries.map((entry) => {
    const cells = [entry.label, `${figure(typicalOf(entry))} ${unit}`.trim()]
    if (!hasRatios) return cells
    const ratio = ratioOf(comparison, entry)
    if (ratio === undefined) return [...cells, '1', '']
    const spread = entry.values.length > 1 ? `${ratio.low.toFixed(2)} – ${ratio.high.toFixed(2)}` : ''
    return [...cells, ratio.middle.toFixed(2), spread]
  })
  return [heading, ...lines]
}

/** The ratio of a baseline to a second process of itself, if there is one. @param {Comparison} comparison */
export function controlOf(comparison) {
  const again = comparison.entries.find(({ id }) => id.endsWith('-again'))
  return again && ratioOf(comparison, again)?.middle
}

/** @param {number} control */
export function isSound(control) {
  return Math.abs(control - 1) <= CONTROL_LIMIT
}

/** The notes below a table. @param {Comparison} comparison */
export function notesOf(comparison) {
  const notes = []
  const control = controlOf(comparison)
  if (control !== undefined && !isSound(control)) {
    notes.push(
      `The A/A control is ${control.toFixed(2)}, which is not within 3 %: the machine was busy, so take these figures with care.`,
    )
  }
  if (comparison.clientShare)
    notes.push(`The load client took up to ${Math.round(comparison.clientShare * 100)} % of a CPU.`)
  for (const reason of comparison.leftOut) notes.push(`Left out: ${reason}.`)
  return notes
}
