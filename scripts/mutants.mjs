// `npm run mutants`: breaks a copy of the code in one place at a time, and shows which test fails.
// `npm run mutants -- sink heartbeat` runs only mutants whose file or guarantee contains one of the words.
// `npm run mutants -- --check` only checks that the code still contains what they would break; `npm test` does this too.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { all, misplaced } from './mutants/all.mjs'
import { Tree } from './mutants/tree.mjs'

const { values: flags, positionals: words } = parseArgs({
  options: { check: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const mutants = all.filter(
  ({ file, proves }) => words.length === 0 || words.some((word) => `${file} ${proves}`.includes(word)),
)
const obstacles =
  mutants.length === 0 ? [`no mutant contains any of these words: ${words.join(', ')}`] : misplaced(mutants)
for (const obstacle of obstacles) console.error(obstacle)
if (flags.check || obstacles.length > 0) process.exit(obstacles.length > 0 ? 1 : 0)

const trees = Array.from({ length: Math.min(2, availableParallelism()) }, () => Tree.copy())
try {
  process.exitCode = (await judge()) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  for (const tree of trees) tree.remove()
}

/** Resolves to whether every mutant makes a test fail. */
async function judge() {
  const [first] = trees
  console.log(`${mutants.length} mutants; first the tests run without any …`)
  const red = (await first?.redTests([...new Set(mutants.flatMap(({ tests }) => tests))])) ?? []
  if (red.length > 0) throw new Error(`tests that fail without any mutant:\n${red.join('\n')}`)

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
