// The C server, compiled here if there is a compiler.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answer } from '../answering.mjs'

const folder = mkdtempSync(join(tmpdir(), 'ssekit-bench-'))
const program = join(folder, 'epoll')
const source = fileURLToPath(new URL('epoll.c', import.meta.url))
const { status } = spawnSync('cc', ['-O2', '-o', program, source], { stdio: ['ignore', 'ignore', 'inherit'] })

if (status === 0) {
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill())
  child.once('exit', () => process.exit(1))
  const [ports] = await once(child.stdout, 'data')
  const [port, controlPort] = String(ports).split(' ').map(Number)
  answer({ port, controlPort, protocol: 'line', pid: child.pid }, {})
} else {
  answer({ leftOut: 'it needs a C compiler as `cc`' }, {})
}
rmSync(folder, { recursive: true })
