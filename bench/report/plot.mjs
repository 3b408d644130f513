import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { ratioOf, typicalOf } from '../comparison.mjs'
import { figure, plain } from './text.mjs'

const WIDTH = 960
const BAR_HEIGHT = 22
const HEAD_AND_FOOT = 70
/** The average width of a letter in a label. */
const LETTER_WIDTH = 6

/** Legible on white and on black; text takes the color of the reader's theme. */
const OURS = '#3b82f6'
const OTHERS = '#8b949e'
const THEME = '<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}</style>'

/**
 * A bar chart with a panel for each comparison, as SVG.
 *
 * @param {readonly import('../comparison.mjs').Comparison[]} comparisons of the same quantity
 * @param {'value' | 'ratio'} kind what a bar shows: the median, or its ratio to the baseline
 */
export function drawBars(comparisons, kind) {
  const bars = comparisons.flatMap((comparison) =>
    comparison.entries.map((entry) => {
      const value = kind === 'ratio' ? (ratioOf(comparison, entry)?.middle ?? 1) : typicalOf(entry)
      return {
        panel: comparison.title,
        label: plain(entry.label),
        value,
        text: kind === 'ratio' ? value.toFixed(2) : figure(value),
        fill: entry.label.startsWith('**ssekit**') ? OURS : OTHERS,
      }
    }),
  )
  const labels = [...new Set(bars.map(({ label }) => label))]
  const [{ quantity = '', unit = '' } = {}] = comparisons
  const { document } = parseHTML('<!doctype html><html></html>')
  const chart = Plot.plot({
    document,
    width: WIDTH,
    height: labels.length * BAR_HEIGHT + HEAD_AND_FOOT,
    marginLeft: Math.max(...labels.map((label) => label.length)) * LETTER_WIDTH,
    x: {
      label: kind === 'ratio' ? `${quantity}, as a ratio to the baseline` : `${quantity}, ${unit}`,
      grid: true,
      // Room for the figure at the end of the longest bar.
      domain: [0, Math.max(...bars.map(({ value }) => value)) * 1.2],
    },
    y: { label: null, domain: labels },
    fx: { label: null, domain: comparisons.map(({ title }) => title) },
    marks: [
      Plot.ruleX([kind === 'ratio' ? 1 : 0]),
      Plot.barX(bars, { fx: 'panel', x: 'value', y: 'label', fill: 'fill' }),
      Plot.text(bars, { fx: 'panel', x: 'value', y: 'label', text: 'text', textAnchor: 'start', dx: 4 }),
    ],
  })
  return chart.outerHTML.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ').replace('>', `>${THEME}`)
}
