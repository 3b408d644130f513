import { readFileSync } from 'node:fs'
import { run } from './run.mjs'

/**
 * Runs the pnpm version that package.json pins, on a machine that has only node and npm.
 *
 * @param {readonly string[]} args
 */
export function pnpm(args) {
  const { packageManager } = JSON.parse(readFileSync('package.json', 'utf8'))
  // npx accepts `pnpm@1.2.3`; the `+sha512…` after it is for corepack.
  run('npx', ['--yes', packageManager.split('+')[0], ...args])
}
