import { EventSource as NpmEventSource } from 'eventsource'
import { Agent, fetch, EventSource as UndiciEventSource } from 'undici'
import { ClientStream } from './stream.js'

/** The event types that clients listen to besides `message`. */
export const TYPES = ['order', 'sse-checkpoint', 'sse-gap', 'bye'] as const

/** An implementation of EventSource. */
export interface Client {
  readonly name: string
  open(url: string): Promise<ClientStream>
  /** Ends its streams, which would otherwise continue to reconnect. */
  leave(): Promise<void>
  /** Ends the client itself. */
  close(): Promise<void>
}

/** The parts of an EventSource that all implementations share. */
interface AnyEventSource {
  readonly readyState: number
  addEventListener(type: string, listener: (event: { readonly type: string }) => void): void
  close(): void
}

const CLOSED = 2

function follow(source: AnyEventSource): ClientStream {
  const stream = new ClientStream(() => source.close())
  source.addEventListener('open', () => stream.happened('open'))
  source.addEventListener('error', () => stream.happened('error', source.readyState === CLOSED))
  for (const type of ['message', ...TYPES]) {
    source.addEventListener(type, (event) => {
      const { data, lastEventId } = event as unknown as { data: string; lastEventId: string }
      stream.happened({ type, data, lastEventId })
    })
  }
  return stream
}

function makeClient(name: string, open: (url: string, agent: Agent) => AnyEventSource): Client {
  // The test's certificate is not verified; HTTP/2 is used if the server offers it; each client has its own pool.
  const agent = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } })
  const streams = new Set<ClientStream>()
  return {
    name,
    async open(url) {
      const stream = follow(open(url, agent))
      streams.add(stream)
      return stream
    },
    async leave() {
      for (const stream of streams) await stream.close()
      streams.clear()
    },
    close: () => agent.destroy(),
  }
}

/** The `eventsource` package. */
export function npmEventSource(): Client {
  return makeClient('npm eventsource', (url, agent) => {
    return new NpmEventSource(url, { fetch: (input, init) => fetch(input, { ...init, dispatcher: agent }) })
  })
}

/** The EventSource of undici, which is Node's own behind a flag. */
export function undiciEventSource(): Client {
  return makeClient('undici EventSource', (url, agent) => {
    return new UndiciEventSource(url, { node: { dispatcher: agent } })
  })
}
