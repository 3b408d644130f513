// Runs the bench: see README.md.
import { parseArgs } from 'node:util'
import { maxOpenFiles } from './process.mjs'
import { formatForTerminal } from './report/terminal.mjs'
import { rows } from './rows/index.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
  },
})

const chosen = rows.filter(({ id }) => values.only?.includes(id) ?? true)
if (chosen.length === 0) throw new Error(`there is no such row; there are ${rows.map(({ id }) => id).join(', ')}`)

/** What a process has open beside its streams. */
const OTHER_FILES = 200

/** @type {import('./rows/row.mjs').Settings} */
const settings = { isQuick: values.quick, rounds: Number(values.rounds), maxStreams: maxOpenFiles() - OTHER_FILES }

for (const row of chosen) {
  process.stdout.write(`## ${row.title}\n\n`)
  for (const comparison of await row.run(settings)) process.stdout.write(formatForTerminal(comparison))
}
