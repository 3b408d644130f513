import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'
import { respond, SseManager } from '@ssekit/sse-core'
import { selfSignedCertificate } from '../../../packages/sse-testkit/test/clients/certificate.js'
import { npmEventSource } from '../../../packages/sse-testkit/test/clients/event-sources.js'
import { httpPlaces, mainPlaces, Nginx } from '../../../packages/sse-testkit/test/clients/nginx.js'

const shown = readFileSync(fileURLToPath(new URL('../nginx.conf', import.meta.url)), 'utf8')

let closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.reverse()) await close()
  closers = []
})

test('nginx with the documented configuration streams over HTTP/2, and clients reconnect after the server was down', async () => {
  const manager = new SseManager()
  closers.push(() => manager.close({ graceMs: 0 }))
  const asked: IncomingMessage[] = []
  const server = await serve(manager, asked, 0)
  const { port } = server.address() as AddressInfo
  const nginx = await startNginx(port)
  const client = npmEventSource()
  closers.push(
    () => client.close(),
    () => client.leave(),
  )
  const stream = await client.open(`${nginx.url}/events`)
  await stream.until(({ received }) => received.length === 1)
  const news = manager.getOrCreate('news')
  for (const number of [1, 2, 3]) {
    await news.broadcast(`event ${number}`)
    await stream.until(({ data }) => data.length === number)
  }
  expect(asked[0]).toMatchObject({ httpVersion: '1.1', headers: { 'x-forwarded-proto': 'https' } })

  const { length } = stream.happenings
  await stop(server)
  await news.broadcast('while it was away')
  // One error for the stream that broke, one for nginx's own answer. A 502 would have closed the EventSource.
  await stream.until(({ happenings }) => happenings.slice(length).filter((what) => what === 'error').length === 2)
  expect(stream.isClosed).toBe(false)
  await serve(manager, asked, port)
  await stream.until(({ data }) => data.length === 4)
  expect(stream.data.at(-1)).toBe('while it was away')
  expect(stream.gaps).toEqual([])
})

/** Runs nginx with the documented configuration, but with the paths and ports of this test. */
async function startNginx(upstream: number): Promise<Nginx> {
  const { key, cert } = selfSignedCertificate()
  const nginx = await Nginx.run((folder, port) => {
    writeFileSync(`${folder}/example.com.key`, key)
    writeFileSync(`${folder}/example.com.pem`, cert)
    return replaceAll(shown, [
      ['\nevents {', `\n${mainPlaces(folder)} events {`],
      ['http {', `http { ${httpPlaces(folder)}`],
      ['listen 443 ', `listen 127.0.0.1:${port} `],
      ['/etc/ssl/', `${folder}/`],
      ['127.0.0.1:3000', `127.0.0.1:${upstream}`],
      // Spares the test the wait.
      ['retry: 5000', 'retry: 100'],
    ])
  }, 'https')
  closers.push(() => nginx.close())
  return nginx
}

function replaceAll(text: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((done, [what, by]) => {
    expect(done).toContain(what)
    return done.replaceAll(what, by)
  }, text)
}

async function serve(manager: SseManager, asked: IncomingMessage[], port: number): Promise<Server> {
  const server = createServer((req, res) => {
    asked.push(req)
    void respond(req, res, manager.getOrCreate('news'))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  closers.push(() => stop(server))
  return server
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}
