// Compiles packages (ESM and CommonJS) and examples into their dist folders. Takes 0.2 s when everything is up to date.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { runTool } from './run.mjs'

runTool('typescript/bin/tsc', ['--build', ...process.argv.slice(2)])

for (const name of readdirSync('packages')) {
  const cjs = `packages/${name}/dist/cjs`
  // The package is `type: module`; without this, Node would read dist/cjs as ES modules.
  if (existsSync(cjs)) writeFileSync(`${cjs}/package.json`, '{"type":"commonjs"}\n')
}
