import { afterAll, afterEach } from '@jest/globals'
import { type EventReader, type ReceivedEvent, readEvents } from '@ssekit/sse-testkit'
import { type Listening, listen } from '../src/listen.js'

const servers = new Map<object, Promise<Listening>>()
const readers = new Set<EventReader>()

afterEach(() => {
  for (const reader of readers) reader.abort()
  readers.clear()
})

afterAll(async () => {
  for (const server of servers.values()) await (await server).close()
})

/** Where an example listens; it is started once, and ended with the test file. */
export async function serve(app: Parameters<typeof listen>[0]): Promise<string> {
  const server = servers.get(app) ?? listen(app)
  servers.set(app, server)
  return (await server).url
}

/** A client of an example, which leaves when the test is over. */
export async function connect(
  app: Parameters<typeof listen>[0],
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const reader = await readEvents((await serve(app)) + path, { headers })
  readers.add(reader)
  return reader
}

/** Everything but what moves a client's last event id. */
export function isNews({ event }: ReceivedEvent): boolean {
  return event !== 'sse-checkpoint'
}

/** The data of what comes next, as text. */
export async function nextData(reader: EventReader, count: number): Promise<string[]> {
  return (await reader.take(count, isNews)).map(({ data }) => data)
}

/** Resolves when a condition holds that no event announces; fails if that takes longer than a busy machine does. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${condition}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
