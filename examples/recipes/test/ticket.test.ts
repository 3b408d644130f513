import { expect, test } from '@jest/globals'
import { EventSource } from 'eventsource'
import { connect, nextData, serve, until } from '../../from-python/test/serving.js'
import { app, manager, revoke } from '../src/ticket.js'

async function getTicket(token: string): Promise<Response> {
  return fetch(`${await serve(app)}/tickets`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
}

async function ticketOfAnn(): Promise<string> {
  return (await (await getTicket('token-of-ann')).json()).ticket
}

test('a request without a valid token gets no ticket, and one without a valid ticket gets no stream', async () => {
  expect((await getTicket('stolen')).status).toBe(401)
  for (const query of ['', '?ticket=', '?ticket=stolen', '?ticket=a&ticket=b']) {
    expect((await fetch(`${await serve(app)}/events${query}`)).status).toBe(401)
  }
})

test('a ticket lets an EventSource reconnect until it is revoked', async () => {
  const ticket = await ticketOfAnn()
  const other = await connect(app, `/events?ticket=${await ticketOfAnn()}`)
  const source = new EventSource(`${await serve(app)}/events?ticket=${ticket}`)
  const seen: string[] = []
  const codes: unknown[] = []
  source.onmessage = ({ data }) => void seen.push(data)
  source.onerror = ({ code }) => void codes.push(code)
  const channel = manager.getOrCreate('user:ann')
  try {
    await until(() => channel.subscriberCount === 2)
    await channel.broadcast({ retry: 1, data: 'one' })
    await until(() => seen.length === 1)
    expect(manager.disconnect(({ context }) => (context as { ticket: string }).ticket === ticket)).toBe(1)
    await channel.broadcast('two')
    await until(() => seen.length === 2)
    expect(revoke(ticket)).toBe(1)
    await until(() => source.readyState === EventSource.CLOSED)
    expect(codes.at(-1)).toBe(401)
  } finally {
    source.close()
  }
  await channel.broadcast('three')
  expect(await nextData(other, 3)).toEqual(['one', 'two', 'three'])
  expect(seen).toEqual(['one', 'two'])
})
