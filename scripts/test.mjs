// `npm test` checks everything; `npm test -- <what Jest takes>` builds and runs those tests only.
import { ensureBrokers } from './brokers.mjs'
import { ensureChromium } from './chromium.mjs'
import { ensureNginx } from './nginx.mjs'
import { run, runTool } from './run.mjs'

const jestArgs = process.argv.slice(2)
const isFullRun = jestArgs.length === 0

run(process.execPath, ['scripts/build.mjs'])
if (isFullRun) {
  runTool('typescript/bin/tsc', ['--build', 'tsconfig.test.json'])
  runTool('@biomejs/biome/bin/biome', ['check'])
  run(process.execPath, ['scripts/mutants.mjs', '--check'])
  ensureChromium()
  ensureNginx()
  ensureBrokers()
}

// Jest runs ES modules only with this flag, and Node warns about it in every worker.
const nodeArgs = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
// A part of the tests says nothing about the coverage of the whole.
run(process.execPath, [...nodeArgs, 'node_modules/jest/bin/jest.js', ...(isFullRun ? ['--coverage'] : jestArgs)])
