import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { findProgram } from '../../scripts/programs.mjs'

const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const { version } = JSON.parse(readFileSync(new URL('../../packages/sse-core/package.json', import.meta.url), 'utf8'))

/** The lines of a table with the machine and the versions of this run. @returns {[string, string][]} */
export function machine() {
  const [{ model = '' } = {}] = cpus()
  const peers = Object.entries(/** @type {Record<string, string>} */ (dependencies))
    .filter(([name]) => !name.startsWith('@ssekit/'))
    // An alias is shown with its real name: `npm:express@4.22.3` is `express 4.22.3`.
    .map(([name, wanted]) => (wanted.startsWith('npm:') ? wanted.slice(4).replace('@', ' ') : `${name} ${wanted}`))
  return [
    ['CPU', `${cpus().length} × ${model}`],
    ['Memory', `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ['Linux', release()],
    ['Node', process.versions.node],
    ['ssekit', [version, said('git', ['rev-parse', '--short', 'HEAD'])].filter(Boolean).join(', commit ')],
    ['Packages', peers.join(', ')],
    ['nginx', said('nginx', ['-v'])],
    ['Redis', brokerSaid(findProgram('redis'))],
    ['NATS', brokerSaid(findProgram('nats'))],
    ['C compiler', said('cc', ['--version'])],
  ]
}

/** @param {string | undefined} program */
function brokerSaid(program) {
  if (program === undefined) return ''
  return /\d+\.\d+\.\d+/.exec(said(program, ['--version']))?.[0] ?? ''
}

/**
 * The first line of a program's output; empty if there is no such program.
 *
 * @param {string} command
 * @param {readonly string[]} args
 */
function said(command, args) {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) return ''
  const [line = ''] = `${stdout}${stderr}`.split('\n')
  return line.replace('nginx version: nginx/', '')
}
