// `npm run mutants`: breaks the code one place at a time, in a copy, and shows which test goes red.
// `npm run mutants -- sink heartbeat` takes only those mutants whose file or promise has one of the words in it.
import { availableParallelism } from 'node:os'
import { bounds } from './mutants/bounds.mjs'
import { cleaningUp } from './mutants/cleaning-up.mjs'
import { defaults } from './mutants/defaults.mjs'
import { processes } from './mutants/processes.mjs'
import { promises } from './mutants/promises.mjs'
import { reasons } from './mutants/reasons.mjs'
import { requests } from './mutants/requests.mjs'
import { shared } from './mutants/shared.mjs'
import { Tree } from './mutants/tree.mjs'
import { writePath } from './mutants/write-path.mjs'

const words = process.argv.slice(2)
const all = [
  ...writePath,
  ...defaults,
  ...reasons,
  ...cleaningUp,
  ...promises,
  ...shared,
  ...requests,
  ...processes,
  ...bounds,
]
const mutants = all.filter(
  ({ file, proves }) => words.length === 0 || words.some((word) => `${file} ${proves}`.includes(word)),
)
const trees = Array.from({ length: Math.min(2, availableParallelism()) }, () => Tree.copy())
try {
  process.exitCode = (await judge()) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  for (const tree of trees) tree.remove()
}

/** Whether every mutant is noticed. */
async function judge() {
  const [first] = trees
  const lost = mutants.flatMap((mutant) => first?.whyNot(mutant) ?? [])
  if (lost.length > 0) throw new Error(`the code has moved on:\n${lost.join('\n')}`)
  console.log(`${mutants.length} mutants; first the tests as they are …`)
  const red = (await first?.redTests([...new Set(mutants.flatMap(({ tests }) => tests))])) ?? []
  if (red.length > 0) throw new Error(`red without any mutant:\n${red.join('\n')}`)

  const queue = [...mutants]
  let survivors = 0
  await Promise.all(
    trees.map(async (tree) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const { file, from, to, proves } = mutant
        const change = `${from.trim()} → ${to.trim()}`
        const killer = await tree.killerOf(mutant).catch((error) => {
          throw new Error(`${file}, ${change}: ${error.message}`)
        })
        if (killer === undefined) survivors += 1
        console.log(`${killer === undefined ? 'SURVIVED' : 'killed  '}  ${proves} (${file})`)
        console.log(`          ${killer ?? change}`)
      }
    }),
  )
  console.log(`mutants: ${mutants.length - survivors} killed, ${survivors} survived`)
  return survivors === 0
}
