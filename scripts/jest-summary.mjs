/**
 * Prints a summary as the last line of every run, for people and for CI.
 *
 * @implements {Pick<import('@jest/reporters').Reporter, 'onRunComplete'>}
 */
export default class JestSummary {
  /** @type {NonNullable<import('@jest/reporters').Reporter['onRunComplete']>} */
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests
    // A file that cannot be loaded has no failed test, but counts as a failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    // Printed at exit, after Jest's coverage table and its own summary.
    process.once('exit', () =>
      console.log(`jest: ${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`),
    )
  }
}
