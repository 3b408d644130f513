// Runs the bench: see README.md. The page is written at the end, if nothing has failed.
import { parseArgs } from 'node:util'
import { streamLimit } from './limits.mjs'
import { machine } from './report/machine.mjs'
import { publish } from './report/publish.mjs'
import { formatForTerminal } from './report/terminal.mjs'
import { thousands } from './report/text.mjs'
import { rows } from './rows/index.mjs'

const { values: args } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
  },
})

if (process.platform !== 'linux') throw new Error('the bench reads /proc, which only Linux has')

const unknown = args.only?.filter((id) => !rows.some((row) => row.id === id)) ?? []
if (unknown.length > 0)
  throw new RangeError(`unknown row: ${unknown}; the rows are ${rows.map(({ id }) => id).join(', ')}`)

const rounds = Number(args.rounds ?? (args.quick ? 3 : 5))
if (!Number.isInteger(rounds) || rounds < 1)
  throw new RangeError(`--rounds must be a whole number of at least 1, not ${args.rounds}`)

const { max, roundMax, remedy } = streamLimit()
/** What cannot be measured here, and why. */
const leftOut = new Set(['µWebSockets.js, which is not on npm'])

/** @type {import('./rows/row.mjs').Settings} */
const settings = {
  isQuick: args.quick,
  rounds,
  allows(streams) {
    if (streams > max) leftOut.add(`${thousands(streams)} streams, because ${remedy}`)
    return streams <= max
  },
  most(streams) {
    if (streams <= max) return streams
    leftOut.add(`${thousands(streams)} streams (measured with ${thousands(roundMax)} instead), because ${remedy}`)
    return roundMax
  },
}
const startedAt = new Date()

/** @type {import('./report/page.mjs').Result[]} */
const results = []
for (const { id, title, method, run } of rows) {
  if (args.only?.includes(id) === false) continue
  process.stdout.write(`## ${title}\n\n`)
  const rowStartedAt = performance.now()
  const comparisons = await run(settings)
  const seconds = Math.round(performance.now() - rowStartedAt) / 1000
  for (const comparison of comparisons) process.stdout.write(formatForTerminal(comparison))
  process.stdout.write(`${id} took ${seconds.toFixed(1)} s.\n\n`)
  results.push({ id, title, method, seconds, comparisons })
}

const minutes = (Date.now() - startedAt.getTime()) / 60_000
process.stdout.write(`The run took ${minutes.toFixed(1)} minutes.\n`)
for (const reason of leftOut) process.stdout.write(`Left out: ${reason}.\n`)

// Only a complete run is published.
if (!args.quick && args.only === undefined) {
  const date = startedAt.toISOString().slice(0, 10)
  publish({ date, minutes, rounds, machine: machine(), leftOut: [...leftOut], results })
}
