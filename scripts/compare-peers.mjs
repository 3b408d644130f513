// Prints the table of the README that compares ssekit with other packages. Most cells come from probes that run here,
// with the pinned peers installed in a temporary folder and ssekit built; `claims` and `notes` of the libraries are
// written by hand. Takes a minute or two.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { packageFacts } from './compare-peers/package-facts.mjs'
import { makers, peers } from './compare-peers/peers.mjs'
import { formatTable } from './compare-peers/table.mjs'
import { run } from './run.mjs'

run(process.execPath, ['scripts/build.mjs'])

const folder = mkdtempSync(join(tmpdir(), 'ssekit-peers-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const dependencies = {
  ...peers,
  fastify: devDependencies.fastify,
  '@ssekit/sse-core': `file:${resolve('packages/sse-core')}`,
}
writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
// `--install-links` copies ssekit as npm would install it, so that its size is measured like that of the others.
const flags = ['--install-links', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']
run('npm', ['install', ...flags], { cwd: folder })

/**
 * Runs the probes on one library in its own process, so that its memory and its crashes do not affect the others.
 *
 * @param {string} name
 * @returns {Promise<import('./compare-peers/table.mjs').Column>}
 */
async function compare(name) {
  // Some peers print warnings about listeners and headers that do not matter here.
  const execArgv = ['--expose-gc', '--no-warnings']
  const child = fork('scripts/compare-peers/run-library.mjs', [name, folder], { execArgv })
  const [{ cells, notes }] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the process that probes ${name} exited early`))),
  ])
  const packageName = name === 'ssekit' ? '@ssekit/sse-core' : name
  return { name, notes, cells: { ...packageFacts(join(folder, 'node_modules'), packageName), ...cells } }
}

process.stdout.write(formatTable(await Promise.all(Object.keys(makers).map(compare))))
