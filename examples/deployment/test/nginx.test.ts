import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from '@jest/globals'
import { respond, SseManager } from '@ssekit/sse-core'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import Koa from 'koa'
import Koa2 from 'koa2'
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

/** Applications that answer with the address of the client, with the settings that docs/deployment.md recommends. */
const applications: Readonly<Record<string, () => RequestListener | Promise<RequestListener>>> = {
  'Express 5': () => {
    const app = express()
    app.set('trust proxy', 1)
    return app.use((req, res) => void res.send(req.ip))
  },
  'Express 4': () => {
    const app = express4()
    app.set('trust proxy', 1)
    return app.use((req, res) => void res.send(req.ip))
  },
  Fastify: async () => {
    const app = Fastify({ trustProxy: ['127.0.0.1'] })
    app.get('/', (request) => request.ip)
    await app.ready()
    return app.routing
  },
  'Koa 3': () => {
    const app = new Koa({ proxy: true, maxIpsCount: 1 })
    return app
      .use((ctx) => {
        ctx.body = ctx.ip
      })
      .callback()
  },
  'Koa 2': () => {
    const app = new Koa2({ proxy: true, maxIpsCount: 1 })
    return app
      .use((ctx) => {
        ctx.body = ctx.ip
      })
      .callback()
  },
}

const configurations = {
  'the shown configuration': shown,
  'a proxy that appends to X-Forwarded-For': shown.replace(' $remote_addr;', ' $proxy_add_x_forwarded_for;'),
}

describe.each(Object.entries(configurations))('behind %s', (_name, configuration) => {
  test.each(Object.entries(applications))(
    '%s takes the address of the client from the connection, not from a header that the client sends',
    async (_framework, createApplication) => {
      const server = createServer(await createApplication())
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      closers.push(() => stop(server))
      const nginx = await startNginx((server.address() as AddressInfo).port, configuration)
      for (const headers of [{}, { 'X-Forwarded-For': '10.9.8.7' }, { 'X-Forwarded-For': '10.9.8.7, 127.0.0.1' }]) {
        expect(await getFrom('127.0.0.2', nginx.url, headers)).toBe('127.0.0.2')
      }
    },
  )
})

/** The body of an answer, for a client that has another address than the proxy. */
async function getFrom(localAddress: string, url: string, headers: Record<string, string>): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { localAddress, headers, rejectUnauthorized: false, agent: false }, resolve).on('error', reject)
  })
  return (await response.setEncoding('utf8').toArray()).join('')
}

/** Runs nginx with the documented configuration, but with the paths and ports of this test. */
async function startNginx(upstream: number, configuration = shown): Promise<Nginx> {
  const { key, cert } = selfSignedCertificate()
  const nginx = await Nginx.run((folder, port) => {
    writeFileSync(`${folder}/example.com.key`, key)
    writeFileSync(`${folder}/example.com.pem`, cert)
    return replaceAll(configuration, [
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
