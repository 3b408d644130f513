import { ratioOf } from '../comparison.mjs'
import { median } from '../statistics.mjs'

/** The cells of a comparison, without its heading. @param {import('../comparison.mjs').Comparison} comparison */
export function cellsOf(comparison) {
  return comparison.entries.map((entry) => {
    const ratio = ratioOf(comparison, entry)
    const value = `${figure(median(entry.values))} ${comparison.unit}`
    if (ratio === undefined) return [entry.label, value, '1', '']
    const spread = entry.values.length > 1 ? `${ratio.low.toFixed(2)} – ${ratio.high.toFixed(2)}` : ''
    return [entry.label, value, ratio.middle.toFixed(2), spread]
  })
}

/** Three digits that count. @param {number} value */
function figure(value) {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value.toFixed(Math.min(digits, 3))
}
