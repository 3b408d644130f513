// `npm run bench`: installs the packages that ssekit is measured against, which `npm test` does not need, and runs the
// bench.
import { pnpm } from './pnpm.mjs'
import { run } from './run.mjs'

pnpm(['--ignore-workspace', '--dir', 'bench', '--loglevel=error', 'install', '--frozen-lockfile', '--prefer-offline'])
run(process.execPath, ['bench/run.mjs', ...process.argv.slice(2)])
