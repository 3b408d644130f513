import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { respond, SseChannel, type SseSource } from '@ssekit/sse-core'
import { EventSource } from 'eventsource'
import { type Listening, listen } from '../src/listen.js'
import { hurry } from './hurry.js'
import { serve, until } from './serving.js'

hurry()
Object.assign(globalThis, { EventSource })
const { app: types } = await import('../src/cello/event-types.js')
const { app: deploy } = await import('../src/cello/deploy.js')
const { app: resuming } = await import('../src/aiohttp/resume.js')
const { followToTheEnd } = await import('../src/client/done.js')
const { follow } = await import('../src/client/gap.js')
const { watch } = await import('../src/client/page.js')
const { follow: followFromFile } = await import('../../recipes/src/client/follow.js')

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(app: Parameters<typeof listen>[0]): Promise<Listening> {
  const listening = await listen(app)
  closing.push(() => listening.close())
  return listening
}

interface SourceServer extends Listening {
  /** Breaks every connection. */
  cut(): void
}

/** Answers everything with one source. */
async function serveSource(source: SseSource): Promise<SourceServer> {
  const server = createServer((req, res) => void respond(req, res, source, { retryMs: 1 }))
  return { ...(await start(server)), cut: () => server.closeAllConnections() }
}

describe('a page', () => {
  test('gets named events in their own listeners, and unnamed ones as messages', async () => {
    const log: string[] = []
    closing.push(watch(`${await serve(types)}/notifications`, (line) => log.push(line)))
    await until(() => log.length === 4)
    expect(log).toEqual([
      'Auth event: User logged in',
      'Order event: New order #1234',
      'Alert: Server CPU at 85%',
      'Message: General update',
    ])
  })

  test('can tell that its EventSource has closed and will not reconnect', async () => {
    const log: string[] = []
    closing.push(watch(`${await serve(types)}/no-such-page`, (line) => log.push(line)))
    await until(() => log.length === 1)
    expect(log).toEqual(['gave up'])
  })

  test('closes its connection on the done event', async () => {
    const { url } = await start(deploy)
    await fetch(`${url}/deploy/1`, { method: 'POST' })
    const progress: string[] = []
    await followToTheEnd(`${url}/deploy/1/progress`, (data) => progress.push(JSON.parse(data).step))
    expect(progress).toEqual(['build', 'test', 'upload', 'switch'])
  })

  test('gets an error if there is nothing to follow', async () => {
    const { url } = await start(deploy)
    await expect(followToTheEnd(`${url}/deploy/nosuch/progress`, () => {})).rejects.toThrow('nothing to follow')
  })
})

test('a client that stores its last event id in a file resumes after it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ssekit-client-'))
  closing.push(() => rm(folder, { recursive: true }))
  const { url } = await start(resuming)
  const idFile = join(folder, 'last_event_id.txt')
  async function read(count: number): Promise<string[]> {
    const data: string[] = []
    const enough = new AbortController()
    await followFromFile(url, {
      idFile,
      onEvent: (event) => {
        if (data.push(event.data) === count) enough.abort()
      },
      onGap: () => {},
      signal: enough.signal,
    })
    return data
  }
  expect(await read(2)).toEqual(['Event 1', 'Event 2'])
  expect(await read(5)).toEqual(['Event 3', 'Event 4', 'Event 5', 'Event 6', 'Event 7'])
})

describe('a page that builds its state from events', () => {
  /** A page that follows a channel with a history of two events, and loads its state with `load`. */
  async function followSmall(load: () => Promise<string>) {
    const channel = new SseChannel('small', { history: { maxEvents: 2 } })
    const server = await serveSource(channel)
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
    closing.push(() => warn.mockRestore())
    const shown: string[] = []
    const show = (what: string): unknown => shown.push(what)
    const source = follow(server.url, { load, show, apply: show }, 1)
    closing.push(() => source.close())
    await until(() => channel.subscriberCount === 1)

    /** Makes it miss four events, of which the last two are retained when it reconnects. */
    async function miss(): Promise<void> {
      const gaps = warn.mock.calls.length
      server.cut()
      await until(() => channel.subscriberCount === 0)
      for (const data of ['two', 'three', 'four', 'five']) await channel.broadcast(data)
      await until(() => warn.mock.calls.length > gaps)
    }
    return { channel, shown, miss }
  }

  test('reloads it after a gap, and then applies the events after the gap', async () => {
    const { channel, shown, miss } = await followSmall(async () => 'loaded')
    await channel.broadcast('one')
    await until(() => shown.length === 2)
    await miss()
    await until(() => shown.length === 5)
    expect(shown).toEqual(['loaded', 'one', 'loaded', 'four', 'five'])
  })

  test('loads it again after loading has failed', async () => {
    let loads = 0
    const { channel, shown } = await followSmall(async () => {
      loads += 1
      if (loads < 3) throw new Error('502')
      return 'loaded'
    })
    await until(() => shown.length === 1)
    await channel.broadcast('one')
    await until(() => shown.length === 2)
    expect(shown).toEqual(['loaded', 'one'])
  })

  test('does not show a state that was requested before the gap and arrives after it', async () => {
    const loads: ((state: string) => void)[] = []
    const { channel, shown, miss } = await followSmall(() => new Promise((resolve) => loads.push(resolve)))
    await until(() => loads.length === 1)
    await channel.broadcast('one')
    await miss()
    await until(() => loads.length === 2)
    loads[1]?.('new')
    await until(() => shown.length === 3)
    loads[0]?.('old')
    await channel.broadcast('six')
    await until(() => shown.length === 4)
    expect(shown).toEqual(['new', 'four', 'five', 'six'])
  })
})
