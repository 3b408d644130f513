import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readEvents } from '@ssekit/sse-testkit'
import { type RunningDashboard, startDashboard } from './running-dashboard.js'

let dashboard: RunningDashboard
let ports: Readonly<Record<string, number>>

beforeAll(async () => {
  dashboard = await startDashboard()
  ports = (await (await fetch(`${dashboard.address}/ports`)).json()) as Record<string, number>
})

afterAll(() => dashboard.stop())

/** Sends a body to one of the servers; resolves to the status of the response. */
async function send(server: string, path: string, body: BodyInit | null, headers = {}): Promise<number> {
  return (await fetch(`http://127.0.0.1:${ports[server]}${path}`, { method: 'POST', body, headers })).status
}

test('a connection without a request does not keep the process from exiting', async () => {
  const own = await startDashboard()
  const taken = (await (await fetch(`${own.address}/ports`)).json()) as Record<string, number>
  const sockets = Object.values(taken).map((port) => connect(port, '127.0.0.1'))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  expect(await own.stop()).toBe(0)
})

describe.each(['express', 'fastify', 'koa'])('the %s server', (server) => {
  test('refuses a notification that is empty or not text, and does not count it', async () => {
    const reader = await readEvents(`http://127.0.0.1:${ports[server]}/news`)
    const sent = (): { n: number; text: string }[] =>
      reader.events.filter(({ event }) => event === 'notification').map(({ data }) => JSON.parse(data))
    const numberOf = (text: string): number => sent().find((notification) => notification.text === text)?.n ?? 0

    expect(await send(server, '/notifications', `before ${server}`)).toBe(204)
    for (const nothing of [null, ' \n']) expect(await send(server, '/notifications', nothing)).toBe(400)
    // Koa accepts any body as text.
    const headers = { 'Content-Type': 'application/json' }
    if (server !== 'koa') expect(await send(server, '/notifications', '{"x":1}', headers)).toBe(400)
    expect(await send(server, '/rooms/kitchen', null)).toBe(400)
    expect(await send(server, '/notifications', `after ${server}`)).toBe(204)
    await reader.until(() => numberOf(`after ${server}`) > 0)
    expect(numberOf(`after ${server}`)).toBe(numberOf(`before ${server}`) + 1)
    reader.abort()
  })

  test('refuses a body that is too large with 413', async () => {
    for (const path of ['/notifications', '/rooms/kitchen']) {
      expect([path, await send(server, path, 'x'.repeat(1024 * 1024 + 1))]).toEqual([path, 413])
    }
  })
})
