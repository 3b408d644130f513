/**
 * Prints each test that goes red, as soon as it does.
 *
 * @implements {Pick<import('@jest/reporters').Reporter, 'onTestCaseResult' | 'onTestResult'>}
 */
export default class RedReporter {
  /** @type {NonNullable<import('@jest/reporters').Reporter['onTestCaseResult']>} */
  onTestCaseResult(_test, { status, fullName }) {
    if (status === 'failed') print(fullName)
  }

  /** @type {NonNullable<import('@jest/reporters').Reporter['onTestResult']>} */
  onTestResult({ path }, { testExecError }) {
    // A file that does not load has no tests.
    if (testExecError != null) print(`${path}: ${testExecError.message}`)
  }
}

/** @param {string} name */
function print(name) {
  process.stdout.write(`${JSON.stringify(name)}\n`)
}
