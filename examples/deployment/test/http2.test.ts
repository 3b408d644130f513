import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from '@jest/globals'
import { Agent, fetch } from 'undici'
import { selfSignedCertificate } from '../../../packages/sse-testkit/test/clients/certificate.js'
import { npmEventSource } from '../../../packages/sse-testkit/test/clients/event-sources.js'
import { freePort } from '../../../packages/sse-testkit/test/network/free-port.js'

const examples = fileURLToPath(new URL('../http2', import.meta.url))
let closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.reverse()) await close()
  closers = []
})

describe.each(['http', 'fastify', 'koa'])('the HTTP/2 example of %s', (name) => {
  test.each([
    ['HTTP/2', true],
    ['HTTP/1.1', false],
  ])('streams over %s', async (_version, allowH2) => {
    const url = await start(name)
    const agent = new Agent({ allowH2, connect: { rejectUnauthorized: false } })
    closers.push(() => agent.destroy())
    const news = allowH2 ? await overHttp2(url) : await overHttp1(url, agent)
    const { body, headers } = await fetch(`${url}/send`, { dispatcher: agent })
    for await (const _chunk of body ?? []) {
      // Reads the response to its end.
    }
    // HTTP/2 has no `Connection` header.
    expect(headers.has('connection')).toBe(!allowH2)
    expect(await news()).toBe('Hello, world!')
  })
})

/** Opens a stream; returns a function that resolves to the data of its first event. */
async function overHttp2(url: string): Promise<() => Promise<string | undefined>> {
  const client = npmEventSource()
  closers.push(
    () => client.close(),
    () => client.leave(),
  )
  const stream = await client.open(`${url}/events`)
  await stream.until(({ opens }) => opens === 1)
  return async () => {
    await stream.until(({ data }) => data.length === 1)
    return stream.data[0]
  }
}

async function overHttp1(url: string, dispatcher: Agent): Promise<() => Promise<string | undefined>> {
  const { body } = await fetch(`${url}/events`, { dispatcher })
  return async () => {
    let text = ''
    for await (const chunk of body ?? []) {
      text += Buffer.from(chunk).toString()
      const [, data] = /data: (.+)\n/.exec(text) ?? []
      if (data !== undefined) return data
    }
    return undefined
  }
}

/** Runs an example as it is shown, except for its port, next to its own certificate. */
async function start(name: string): Promise<string> {
  const port = await freePort()
  const folder = await mkdtemp(join(examples, '.run-'))
  closers.push(() => rm(folder, { recursive: true }))
  const { key, cert } = selfSignedCertificate()
  const code = await readFile(join(examples, `${name}.mjs`), 'utf8')
  expect(code).toContain('3000')
  await writeFile(join(folder, 'server.mjs'), code.replace('3000', `${port}`))
  await writeFile(join(folder, 'key.pem'), key)
  await writeFile(join(folder, 'cert.pem'), cert)
  const child = spawn(process.execPath, ['server.mjs'], { cwd: folder, stdio: 'inherit' })
  closers.push(() => stop(child))
  await listening(port, child)
  return `https://127.0.0.1:${port}`
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
  }
  throw new Error(`the example exited with ${child.exitCode}`)
}
