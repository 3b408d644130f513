import { controlOf, isSound, notesOf, tableOf } from './text.mjs'

/** @typedef {import('../comparison.mjs').Comparison} Comparison */

/**
 * What a row has found out.
 *
 * @typedef {object} Result
 * @property {string} id
 * @property {string} title
 * @property {string} method
 * @property {number} seconds how long it took
 * @property {Comparison[]} comparisons
 */

/**
 * What a run has found out.
 *
 * @typedef {object} Run
 * @property {string} date
 * @property {number} minutes how long it took
 * @property {number} rounds
 * @property {[string, string][]} machine
 * @property {string[]} leftOut what this machine did not allow
 * @property {Result[]} results
 */

/**
 * The page that tells of a run, in Markdown.
 *
 * @param {Run} run
 * @param {ReadonlySet<string>} plotted the ids of the rows that have a picture
 */
export function formatPage(run, plotted) {
  return [
    '# Benchmarks',
    '',
    'Written by `npm run bench`, which measures all of this anew on your machine; the raw figures are in [benchmarks.json](benchmarks.json).',
    'How it measures, and why so, is told in [bench/README.md](../bench/README.md).',
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
    '- CPU is the time, user and system, that the server process used; the median of ' +
      `${run.rounds} rounds or more, in each of which every candidate has its turn, unless the row says otherwise.`,
    '- A ratio is the median of each round’s ratio to the baseline, whose ratio is 1. Beside it is where half of the rounds’ ratios are.',
    `- ${controls(run)}`,
    ...run.leftOut.map((reason) => `- Left out: ${reason}.`),
    ...run.results.flatMap((result) => formatResult(result, plotted.has(result.id))),
    '',
  ].join('\n')
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
    method,
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
    ...(notes.length > 0 ? ['', notes.join(' ')] : []),
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

/** What the baselines, measured against themselves, say of the others' figures. @param {Run} run */
function controls({ results }) {
  const all = results
    .flatMap(({ comparisons }) => comparisons.map(controlOf))
    .filter((control) => control !== undefined)
  const sound = all.filter(isSound).length
  return `A/A control: a second process of the same baseline came within 3 % of the first in ${sound} of ${all.length} tables; the others say so.`
}
