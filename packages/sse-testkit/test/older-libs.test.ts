import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('../../..', import.meta.url))
// Beside the packages' own, where they are found.
const file = fileURLToPath(new URL(`.older-libs-${process.pid}.mts`, import.meta.url))

afterEach(() => rmSync(file, { force: true }))

test('the declarations of all packages are right for who compiles for ES2020 and has those of libraries checked', () => {
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
  // It has understood what it was asked.
  expect(tsc.stdout).not.toMatch(/^error TS/m)
  // Of their dependencies' declarations others have to take care.
  const ours = tsc.stdout.split('\n').filter((line) => /^packages\//.test(line))
  expect(ours).toEqual([])
})
