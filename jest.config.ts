/** @jest-config-loader esbuild-register */
import { availableParallelism } from 'node:os'
import type { Config } from 'jest'

// More than the testkit's default of 4 s: the machines that run these tests are busy. Workers inherit it.
process.env.SSE_TESTKIT_TIMEOUT_MS ??= '15000'

const project: Config = {
  testEnvironment: '<rootDir>/scripts/jest-environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  moduleNameMapper: {
    // `npm run test:oldest`: the files of other versions, by the names of their modules.
    ...JSON.parse(process.env.SSEKIT_STAND_INS ?? '{}'),
    // Tests run the sources, so that no build can be stale and coverage names the real lines.
    '^@ssekit/([^/]+)$': '<rootDir>/packages/$1/src/index.ts',
    // TypeScript's sources import './x.js' and mean './x.ts'.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
}

const config: Config = {
  // Coverage of the core is what its own tests and those of one adapter reach. All the others would add half a per cent,
  // and each of their files would take longer: counting slows down the core, and Jest copies all counts after each file.
  projects: [
    { ...project, testMatch: ['<rootDir>/packages/{sse-core,express-sse}/test/**/*.test.ts'] },
    {
      ...project,
      testMatch: ['<rootDir>/{packages,examples}/*/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/packages/(sse-core|express-sse)/'],
      coveragePathIgnorePatterns: ['/packages/'],
    },
  ],
  // Two cores are enough for four: much of what the tests do is to wait, except at full length. More cores, more workers.
  maxWorkers: Math.max(process.env.SSEKIT_STRESS === 'full' ? 3 : 4, availableParallelism()),
  // A worker that has run many files has a heap of hundreds of MB, and its exit takes longer than Jest's 500 ms, after
  // which Jest says that it leaks.
  workerGracefulExitTimeout: 10_000,
  // Only what hangs takes so long: tests wait for conditions, and a machine may be busy. At full length stress tests run for minutes.
  testTimeout: process.env.SSEKIT_STRESS === 'full' ? 600_000 : 120_000,
  reporters: ['default', '<rootDir>/scripts/jest-summary.mjs'],
  collectCoverageFrom: ['packages/sse-core/src/**/*.ts'],
  coverageReporters: [['text', { skipFull: true }]],
  coverageThreshold: { global: { lines: 95, branches: 95 } },
}

export default config
