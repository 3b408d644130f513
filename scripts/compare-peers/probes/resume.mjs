import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { open } from '../client.mjs'
import { becomes } from '../wait.mjs'

/** @typedef {import('./wire.mjs').Probe} Probe */

/**
 * Connects a client that reads events 1 to 3 and disconnects; resolves to its last event id.
 *
 * @param {import('../library.mjs').Stand} stand
 */
async function readAndLeave({ server, broadcast, readers }) {
  const client = open(server)
  await becomes(() => readers() === 1)
  for (const id of ['1', '2', '3']) broadcast({ data: id, id })
  await becomes(() => client.data.length === 3)
  client.abort()
  await becomes(() => readers() === 0)
  return client.lastEventId
}

/** Events sent while a client is disconnected and while it reconnects reach it once and in order. @type {Probe} */
export async function resume({ channel }) {
  const stand = await channel({})
  const lastEventId = await readAndLeave(stand)
  const { server, broadcast, readers } = stand
  let last = 3
  const sendNext = () => broadcast({ data: String(++last), id: String(last) })
  for (let count = 0; count < 3; count++) sendNext()
  const client = open(server, { 'last-event-id': lastEventId })
  // Fewer events than the history of any of the libraries holds.
  while (readers() === 0 && last < 300) {
    sendNext()
    await sleep(1)
  }
  for (let count = 0; count < 20; count++) {
    sendNext()
    await nextTurn()
  }
  await becomes(() => client.data.includes(String(last)))
  const missed = Array.from({ length: last - 3 }, (_, index) => index + 4)
  return client.data.join() === missed.join() ? '✓' : '–'
}

/** A client whose missed events are no longer kept is notified. @type {Probe} */
export async function gap({ channel }) {
  const stand = await channel({ historyEvents: 2 })
  const lastEventId = await readAndLeave(stand)
  const { server, broadcast } = stand
  for (const id of ['4', '5', '6', '7', '8', '9']) broadcast({ data: id, id })
  const client = open(server, { 'last-event-id': lastEventId })
  await becomes(() => client.data.includes('9'))
  return client.events.some(({ data }) => !/^"?\d"?$/.test(data)) ? '✓' : '–'
}

/** Two channels on one stream, live and after a reconnect. @type {Probe} */
export async function channels(library) {
  if (library.channels === undefined) return '–'
  const { server, broadcast, readers } = await library.channels()
  const first = open(server)
  await becomes(() => readers() === 1)
  broadcast({ data: 'a1', id: '1' }, 0)
  broadcast({ data: 'b1', id: '1' }, 1)
  if (!(await becomes(() => first.data.join() === 'a1,b1'))) return '–'
  first.abort()
  await becomes(() => readers() === 0)
  broadcast({ data: 'b2', id: '2' }, 1)
  broadcast({ data: 'a2', id: '2' }, 0)
  const second = open(server, { 'last-event-id': first.lastEventId })
  const isResumed = await becomes(() => [...second.data].sort().join() === 'a2,b2')
  return isResumed ? '✓, one resume id' : '✓, live'
}
