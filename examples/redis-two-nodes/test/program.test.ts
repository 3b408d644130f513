import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, jest, test } from '@jest/globals'
import { Program } from '../launcher/program.mjs'

let folder: string
let program: Program

afterEach(async () => {
  await program.stop()
  await rm(folder, { recursive: true })
  jest.restoreAllMocks()
})

test('the launcher retries to restart a program until it succeeds', async () => {
  folder = await mkdtemp(join(tmpdir(), 'ssekit-program-'))
  const [file, elsewhere] = ['here', 'elsewhere'].map((name) => join(folder, name)) as [string, string]
  await writeFile(file, '#!/bin/sh\nexec tail -f /dev/null\n', { mode: 0o755 })
  let isSaid: (text: string) => void = () => {}
  const said = (what: RegExp) =>
    new Promise<void>((resolve) => {
      isSaid = (text) => what.test(text) && resolve()
    })
  jest.spyOn(console, 'log').mockImplementation((text) => isSaid(text))

  program = new Program({ name: 'tail', command: [file], onChange: () => {} })
  await program.start()
  const first = program.pid
  await rename(file, elsewhere)
  const failure = said(/cannot be started: .*ENOENT/)
  program.kill()
  await failure
  const success = said(/runs/)
  await rename(elsewhere, file)
  await success
  expect(program.pid).toBeGreaterThan(0)
  expect(program.pid).not.toBe(first)
})
