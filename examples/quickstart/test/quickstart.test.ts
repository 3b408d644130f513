import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'
import { readEvents } from '@ssekit/sse-testkit'
import { EventSource } from 'eventsource'
import { freePort } from '../../../packages/sse-testkit/test/network/free-port.js'

const folder = fileURLToPath(new URL('..', import.meta.url))
let child: ChildProcess | undefined
let copies: string | undefined
let source: EventSource | undefined

afterEach(async () => {
  source?.close()
  child?.kill()
  if (copies !== undefined) await rm(copies, { recursive: true })
})

const names = ['express', 'fastify', 'koa', 'http']

test.each(names)('the %s quickstart sends the event that /send broadcasts', async (name) => {
  const url = await start(name)
  source = new EventSource(`${url}/events`)
  await new Promise((resolve) => source?.addEventListener('open', resolve))
  const noticed = new Promise<MessageEvent>((resolve) => source?.addEventListener('notice', resolve))
  const answer = await fetch(`${url}/send`)
  const id = await answer.text()
  expect(await noticed).toMatchObject({ data: 'Hello, world!', lastEventId: id })
})

test.each(names)(
  'the %s quickstart accepts a lastEventId in the query, and answers 404 to other paths',
  async (name) => {
    const url = await start(name)
    const reader = await readEvents(`${url}/events?lastEventId=unknown`)
    expect(await reader.take(1)).toMatchObject([{ event: 'sse-gap' }])
    for (const path of ['/', '/favicon.ico']) expect((await fetch(`${url}${path}`)).status).toBe(404)
    const id = await (await fetch(`${url}/send`)).text()
    expect(await reader.take(1)).toMatchObject([{ event: 'notice', id }])
    reader.abort()
  },
)

/** Runs a quickstart as it is shown, except for its port; returns its address. */
async function start(name: string): Promise<string> {
  const port = await freePort()
  const code = await readFile(join(folder, `${name}.mjs`), 'utf8')
  expect(code).toContain('3000')
  // Next to the original, so that its imports resolve.
  copies = await mkdtemp(join(folder, '.run-'))
  const copy = join(copies, `${name}.mjs`)
  await writeFile(copy, code.replace('3000', `${port}`))
  child = spawn(process.execPath, [copy], { stdio: 'inherit' })
  await listening(port, child)
  return `http://127.0.0.1:${port}`
}

/** Waits until the port accepts connections. Rejects if the program exits, or if it takes too long even for a busy machine. */
async function listening(port: number, program: ChildProcess): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    if (program.exitCode !== null || program.signalCode !== null)
      throw new Error(`the program ended with ${program.exitCode ?? program.signalCode} before it listened`)
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port} after 30 s`)
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    )
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
