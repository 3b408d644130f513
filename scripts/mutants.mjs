// `npm run mutants`: breaks the code one place at a time, in a copy, and shows which test goes red.
// `npm run mutants -- sink heartbeat` takes only those mutants whose file or promise has one of the words in it.
import { availableParallelism } from 'node:os'
import { cleaningUp } from './mutants/cleaning-up.mjs'
import { defaults } from './mutants/defaults.mjs'
import { promises } from './mutants/promises.mjs'
import { reasons } from './mutants/reasons.mjs'
import { Tree } from './mutants/tree.mjs'
import { writePath } from './mutants/write-path.mjs'

const words = process.argv.slice(2)
const mutants = [...writePath, ...defaults, ...reasons, ...cleaningUp, ...promises].filter(
  ({ file, proves }) => words.length === 0 || words.some((word) => `${file} ${proves}`.includes(word)),
)
const trees = Array.from({ length: Math.min(2, availableParallelism()) }, () => Tree.copy())
const survivors = []
try {
  const lost = mutants.flatMap((mutant) => trees[0]?.whyNot(mutant) ?? [])
  if (lost.length > 0) throw new Error(`the code has moved on:\n${lost.join('\n')}`)

  const [first] = trees
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))]
  console.log(`${mutants.length} mutants; first the tests as they are …`)
  const red = (await first?.redTests(tests)) ?? []
  if (red.length > 0) throw new Error(`red without any mutant:\n${red.join('\n')}`)

  const queue = [...mutants]
  await Promise.all(
    trees.map(async (tree) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const killer = await tree.killerOf(mutant)
        if (killer === undefined) survivors.push(mutant)
        console.log(
          `${killer === undefined ? 'SURVIVED' : 'killed  '}  ${mutant.proves} (${mutant.file})\n          ${killer ?? `${mutant.from.trim()} → ${mutant.to.trim()}`}`,
        )
      }
    }),
  )
} finally {
  for (const tree of trees) tree.remove()
}
console.log(`mutants: ${mutants.length - survivors.length} killed, ${survivors.length} survived`)
process.exitCode = survivors.length === 0 ? 0 : 1
