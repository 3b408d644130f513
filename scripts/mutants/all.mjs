import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { bounds } from './bounds.mjs'
import { cleaningUp } from './cleaning-up.mjs'
import { closeReasons } from './close-reasons.mjs'
import { defaults } from './defaults.mjs'
import { delivery } from './delivery.mjs'
import { fetchApi } from './fetch-api.mjs'
import { processes } from './processes.mjs'
import { requests } from './requests.mjs'
import { shared } from './shared.mjs'
import { writePath } from './write-path.mjs'

/** @typedef {import('./mutant.mjs').Mutant} Mutant */

/** @type {readonly Mutant[]} */
export const all = [
  ...writePath,
  ...defaults,
  ...closeReasons,
  ...cleaningUp,
  ...delivery,
  ...shared,
  ...requests,
  ...fetchApi,
  ...processes,
  ...bounds,
]

/**
 * Lists the mutants whose original code or tests no longer exist, and what is missing.
 *
 * @param {readonly Mutant[]} mutants
 * @returns {string[]}
 */
export function misplaced(mutants) {
  const tests = readdirSync('packages', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map((path) => path.replaceAll('\\', '/'))
  return mutants.flatMap(({ file, from, proves, tests: patterns }) => {
    const path = `packages/${file}`
    const found = existsSync(path) ? readFileSync(path, 'utf8').split(from).length - 1 : 0
    const absent = patterns.filter((pattern) => !tests.some((test) => new RegExp(pattern).test(`packages/${test}`)))
    return [
      ...(found === 1 ? [] : [`${file} has ${found} times: ${from.trim()} (${proves})`]),
      ...absent.map((pattern) => `there is no test ${pattern} (${proves})`),
    ]
  })
}
