import { Stage } from '../stage.mjs'

const EVENTS = 1_000
const REPLAYS = 20

/** @type {import('../stage.mjs').Cast} */
const cast = { 'http-replay': null, 'ssekit-replay': 'http-replay', 'sse-channel-replay': 'http-replay' }

/** @type {import('./row.mjs').Row} */
export const replay = {
  id: 'replay',
  title: 'Replay',
  method:
    'A client reconnects and gets a thousand events of 100 bytes that it has missed. Writes are counted where they go to the operating system.',

  run: ({ rounds }) =>
    Stage.with(cast, rounds, {}, (stage) => {
      const title = '1,000 retained events to one client'
      const headings = [
        { title: `${title}, writes`, quantity: 'Socket writes', unit: '' },
        { title: `${title}, CPU`, quantity: 'CPU', unit: 'µs' },
      ]
      return stage.compare(headings, async (subject) => {
        await subject.server.call('takeWrites')
        const usage = await subject.usage(() => subject.client.call('replay', { count: REPLAYS, events: EVENTS }))
        const writes = await subject.server.call('takeWrites')
        return { figures: [writes / REPLAYS, (usage.cpuMs * 1000) / REPLAYS], clientShare: usage.clientShare }
      })
    }),
}
