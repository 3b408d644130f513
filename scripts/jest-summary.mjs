/**
 * Prints a last line for every run that people and CI can read.
 *
 * @implements {Pick<import('@jest/reporters').Reporter, 'onRunComplete'>}
 */
export default class JestSummary {
  /** @type {NonNullable<import('@jest/reporters').Reporter['onRunComplete']>} */
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests
    // A file that cannot be loaded has no failed test of its own.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    // Printed at exit, after Jest's coverage table and its own summary.
    process.once('exit', () =>
      console.log(`jest: ${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`),
    )
  }
}
