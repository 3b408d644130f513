// `npm test` checks everything; `npm test -- part/of/a/path` builds, and runs only those tests. Flags are passed to Jest.
import { runJest } from './jest.mjs'
import { ensurePrograms } from './programs.mjs'
import { run, runTool } from './run.mjs'

const jestArgs = process.argv.slice(2)
const isFullRun = jestArgs.every((arg) => arg.startsWith('-'))

run(process.execPath, ['scripts/build.mjs'])
if (isFullRun) {
  runTool('typescript/bin/tsc', ['--build', 'tsconfig.test.json'])
  runTool('@biomejs/biome/bin/biome', ['check'])
  run(process.execPath, ['scripts/mutants.mjs', '--check'])
  ensurePrograms(['chromium', 'nginx', 'redis', 'nats'])
}

// A partial run says nothing about total coverage.
runJest(isFullRun ? ['--coverage', ...jestArgs] : jestArgs)
