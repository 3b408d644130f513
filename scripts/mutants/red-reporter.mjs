/**
 * Prints each test that fails, and each file that cannot be loaded, as soon as that is known.
 *
 * @implements {Pick<import('@jest/reporters').Reporter, 'onTestCaseResult' | 'onTestResult'>}
 */
export default class RedReporter {
  /** @type {NonNullable<import('@jest/reporters').Reporter['onTestCaseResult']>} */
  onTestCaseResult(_test, { status, fullName }) {
    if (status === 'failed') process.stdout.write(`${JSON.stringify({ red: fullName })}\n`)
  }

  /** @type {NonNullable<import('@jest/reporters').Reporter['onTestResult']>} */
  onTestResult({ path }, { testExecError }) {
    if (testExecError != null)
      process.stdout.write(`${JSON.stringify({ broken: `${path}: ${testExecError.message}` })}\n`)
  }
}
