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

/** Starts the server of an example, once for each test file, and returns its address. It is closed after the file's tests. */
export async function serve(app: Parameters<typeof listen>[0]): Promise<string> {
  const server = servers.get(app) ?? listen(app)
  servers.set(app, server)
  return (await server).url
}

/** Connects a client to an example. It disconnects when the test is over. */
export async function connect(
  app: Parameters<typeof listen>[0],
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const reader = await readEvents((await serve(app)) + path, { headers })
  readers.add(reader)
  return reader
}

/** Whether an event is not a checkpoint. */
export function isNews({ event }: ReceivedEvent): boolean {
  return event !== 'sse-checkpoint'
}

/** The data of the next events that are not checkpoints, as text. */
export async function nextData(reader: EventReader, count: number): Promise<string[]> {
  return (await reader.take(count, isNews)).map(({ data }) => data)
}

/** Resolves once a condition is true that has no event to wait for; rejects if it takes too long even for a busy machine. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`this did not become true: ${condition}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
