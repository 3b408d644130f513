/**
 * Makes the last line of every run one that people and CI can read.
 *
 * @implements {Pick<import('@jest/reporters').Reporter, 'onRunComplete'>}
 */
export default class JestSummary {
  /** @type {NonNullable<import('@jest/reporters').Reporter['onRunComplete']>} */
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests
    // A file that does not even load has no failed test of its own.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    // Jest's coverage table and its own summary are still to come.
    process.once('exit', () =>
      console.log(`jest: ${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`),
    )
  }
}
