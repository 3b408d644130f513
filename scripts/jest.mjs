import { run } from './run.mjs'

/**
 * The arguments that make Node run Jest. Jest runs ES modules only with the first one, and Node warns about it in every
 * worker. Tests create much garbage, which a larger young generation collects less often.
 */
export const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=32',
  'node_modules/jest/bin/jest.js',
]

/** @param {readonly string[]} args */
export function runJest(args) {
  run(process.execPath, [...JEST, ...args])
}
