// `npm test` checks everything; `npm test -- <Jest arguments>` builds, and runs only those tests.
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
// A partial run says nothing about total coverage.
run(process.execPath, [...nodeArgs, 'node_modules/jest/bin/jest.js', ...(isFullRun ? ['--coverage'] : jestArgs)])
