import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('../../..', import.meta.url))
// Beside the packages' own, where they are found.
const file = fileURLToPath(new URL(`.es2020-types-${process.pid}.mts`, import.meta.url))

afterEach(() => rmSync(file, { force: true }))

test('the type declarations of all packages compile for ES2020 without skipLibCheck', () => {
  const names = ['sse-core', 'express-sse', 'fastify-sse', 'koa-sse', 'sse-redis', 'sse-nats', 'sse-testkit']
  writeFileSync(
    file,
    names.map((name, index) => `export * as package${index} from '../../${name}/dist/esm/index.js'`).join('\n'),
  )
  const flags = '--noEmit --ignoreConfig --strict --module nodenext --target es2020 --lib es2020,dom --types node'
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', ...flags.split(' '), file], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(tsc.error).toBeUndefined()
  // The compiler understood its options.
  expect(tsc.stdout).not.toMatch(/^error TS/m)
  // Errors in the declarations of dependencies are not ours.
  const ours = tsc.stdout.split('\n').filter((line) => /^packages\//.test(line))
  expect(ours).toEqual([])
})
