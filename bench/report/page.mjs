import { labelOf, ratioOf } from '../comparison.mjs'
import { controlOf, isSound, notesOf, tableOf } from './text.mjs'

const LINE_WIDTH = 120
/** The rows that are summed up at the top, as far as they were measured, and whose ratios are compared there. */
const SUMMED_UP = ['broadcast', 'bursts', 'heartbeats', 'new-streams']
const COMPARED = /** @type {const} */ (['ssekit-http', 'nchan', 'better-sse', 'fastify-sse'])

/** @typedef {import('../comparison.mjs').Comparison} Comparison */

/**
 * The result of a row.
 *
 * @typedef {object} Result
 * @property {string} id
 * @property {string} title
 * @property {string} method
 * @property {number} seconds how long it took
 * @property {Comparison[]} comparisons
 */

/**
 * The result of a run.
 *
 * @typedef {object} Run
 * @property {string} date
 * @property {number} minutes how long it took
 * @property {number} rounds
 * @property {[string, string][]} machine
 * @property {string[]} leftOut what could not be measured here
 * @property {Result[]} results
 */

/**
 * The page about a run, in Markdown.
 *
 * @param {Run} run
 * @param {ReadonlySet<string>} plotted the ids of the rows that have a picture
 */
export function formatPage(run, plotted) {
  return [
    '# Benchmarks',
    '',
    '`npm run bench` measures all of this again on your machine, and writes this page. The raw figures are in',
    '[benchmarks.json](benchmarks.json). [bench/README.md](../bench/README.md) explains how the bench measures, and why.',
    '',
    ...formatTable(
      [
        ['', ''],
        ...run.machine.filter(([, value]) => value !== ''),
        ['Date', `${run.date}, ${run.minutes.toFixed(1)} minutes`],
      ],
      '---',
    ),
    '',
    ...wrapped(
      '- CPU is the user and system time that the server process used. It is the median of ' +
        `${run.rounds} rounds or more, in each of which every candidate has its turn, unless the row says otherwise.`,
    ),
    ...wrapped(
      '- A ratio is the median of each round’s ratio to the baseline, whose ratio is 1. Beside it is the range of the middle half of these ratios.',
    ),
    ...wrapped(`- ${controls(run)}`),
    ...run.leftOut.flatMap((reason) => wrapped(`- Left out: ${reason}.`)),
    ...formatSummary(run),
    ...run.results.flatMap((result) => formatResult(result, plotted.has(result.id))),
    '',
  ].join('\n')
}

/** The ratios that most readers look for, in one table. @param {Run} run */
function formatSummary({ results }) {
  const lines = results
    .filter(({ id }) => SUMMED_UP.includes(id))
    .flatMap(({ title, comparisons }) =>
      comparisons.flatMap((comparison) => {
        const ratios = COMPARED.map((id) => {
          const entry = comparison.entries.find((entry) => entry.id === id)
          return (entry && ratioOf(comparison, entry)?.middle.toFixed(2)) ?? ''
        })
        const isCpu = comparison.quantity.startsWith('CPU')
        return isCpu && ratios[0] !== '' ? [[`${title}: ${comparison.title}`, ...ratios]] : []
      }),
    )
  if (lines.length === 0) return []
  return [
    '',
    '## In short',
    '',
    ...wrapped(
      'CPU, as a ratio to the same work without a library; the tables below say with what, and how sure it is.',
    ),
    '',
    ...formatTable([['', ...COMPARED.map(labelOf)], ...lines], '--:'),
  ]
}

/**
 * @param {Result} result
 * @param {boolean} hasPlot
 */
function formatResult({ id, title, method, comparisons }, hasPlot) {
  return [
    '',
    `## ${title}`,
    '',
    ...wrapped(method),
    ...(hasPlot ? ['', `![${title}: the figures of the tables as bars](images/bench/${id}.svg)`] : []),
    ...comparisons.flatMap(formatComparison),
  ]
}

/** @param {Comparison} comparison */
function formatComparison(comparison) {
  const notes = notesOf(comparison)
  return [
    '',
    `**${comparison.title}**`,
    '',
    ...formatTable(tableOf(comparison), '--:'),
    ...(notes.length > 0 ? ['', ...wrapped(notes.join(' '))] : []),
  ]
}

/**
 * @param {readonly (readonly string[])[]} lines the heading first
 * @param {'---' | '--:'} rest how all columns but the first are aligned
 */
function formatTable([heading = [], ...lines], rest) {
  const rule = heading.map((_, column) => (column === 0 ? '---' : rest))
  return [heading, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`)
}

/** Text in lines of at most 120 columns, indented below the mark of a list. @param {string} text */
function wrapped(text) {
  const indent = text.startsWith('- ') ? '  ' : ''
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= LINE_WIDTH) lines[lines.length - 1] = longer
    else lines.push(`${indent}${word}`)
  }
  return lines
}

/** How close the controls came to their baselines, which shows how far the other figures can be trusted. @param {Run} run */
function controls({ results }) {
  const all = results
    .flatMap(({ comparisons }) => comparisons.map(controlOf))
    .filter((control) => control !== undefined)
  const sound = all.filter(isSound).length
  return `A/A control: a second process of the same baseline came within 3 % of the first in ${sound} of ${all.length} tables. The other tables say so.`
}
