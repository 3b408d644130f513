/**
 * One way to break the code, which some test must notice.
 *
 * @typedef {object} Mutant
 * @property {string} file its path below packages/
 * @property {string} from the exact text to replace; it occurs once in the file
 * @property {string} to the replacement
 * @property {string} proves what the original text guarantees
 * @property {readonly string[]} tests the tests that may notice, as parts of their paths; the most likely first
 */

/**
 * Makes the mutants of one file that the same tests must notice.
 *
 * @param {string} file below packages/
 * @param {readonly string[]} tests
 * @param {readonly (readonly [from: string, to: string, proves: string, tests?: readonly string[]])[]} mutations
 * @returns {Mutant[]}
 */
export function mutantsOf(file, tests, mutations) {
  return mutations.map(([from, to, proves, ownTests = tests]) => ({ file, from, to, proves, tests: ownTests }))
}

/** Tests that must notice most of the mutants, by what they cover. */
export const TESTS = /** @type {const} */ ({
  /** The adapter contract over bare `node:http`. */
  contract: ['sse-core/test/contract.test'],
  /** What the contract does not cover, also over bare `node:http`. */
  connection: ['sse-core/test/connection.test'],
  /** The contract over HTTP/2, without and with TLS. */
  http2: ['sse-core/test/contract-http2.test', 'sse-core/test/contract-tls.test'],
})
