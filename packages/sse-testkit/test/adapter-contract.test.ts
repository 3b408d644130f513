import { expect, test } from '@jest/globals'
import { SseManager } from '@ssekit/sse-core'
import { type AdapterTraits, adapterContract, type RouteContext, type StartServer } from '@ssekit/sse-testkit'
import { bare } from './subjects/bare.js'

type Scenarios = ReadonlyMap<string, () => Promise<void>>

/** The scenarios of an adapter, to be run one by one. */
function scenariosOf(start: StartServer, traits: Partial<AdapterTraits> = { injectsChannels: false }): Scenarios {
  const scenarios = new Map<string, () => Promise<void>>()
  adapterContract({ test: (name, run) => scenarios.set(name, run), start, traits })
  return scenarios
}

/** Node's server with a mistake in what its routes are given. */
function mistaken(mistake: (context: RouteContext) => Partial<RouteContext>): StartServer {
  return (routes, options) => {
    const entries = Object.entries(routes).map(([path, route]) => {
      const wrong: typeof route = (context) => route({ ...context, ...mistake(context) })
      return [path, wrong] as const
    })
    return bare('http')(Object.fromEntries(entries), options)
  }
}

const mistakes: readonly (readonly [what: string, scenario: string, start: StartServer])[] = [
  [
    'loses the headers of others',
    'headers that earlier middleware set survive, cookies among them',
    mistaken(() => ({ setHeader: () => {} })),
  ],
  [
    'loses the options',
    'a stream begins with the reconnection time, before any event',
    mistaken(({ sse }) => ({ sse: (source) => sse(source) })),
  ],
  [
    'swallows errors',
    'a generator that fails ends the stream; onError and the framework hear of it, the client does not',
    mistaken(({ sse }) => ({ sse: (source, options) => sse(source, options).catch(() => 'error') })),
  ],
  [
    'commits the response too early',
    "a function that throws gets the framework's own error response, with its status",
    mistaken(({ sse, res }) => ({
      sse: (source, options) => {
        res.statusCode = 200
        if ('flushHeaders' in res) res.flushHeaders()
        return sse(source, options)
      },
    })),
  ],
  [
    'calls a departure an error',
    'a client that leaves a silent channel leaves nothing behind, no timer either',
    mistaken(({ sse }) => ({
      sse: async (source, options) => {
        const reason = await sse(source, options)
        if (reason === 'client') throw new Error('premature close')
        return reason
      },
    })),
  ],
  [
    'leaves a listener behind',
    'a client that leaves a silent channel leaves nothing behind, no timer either',
    mistaken(({ sse, res }) => ({
      sse: (source, options) => {
        const over = sse(source, options)
        res.on('close', () => {})
        return over
      },
    })),
  ],
  [
    'uses a manager of its own',
    'connections to disconnect are chosen by context and key, and the others stay',
    (routes, options) => bare('http')(routes, { ...options, manager: new SseManager() }),
  ],
]

for (const [what, scenario, start] of mistakes) {
  test(`an adapter that ${what} fails the contract`, async () => {
    const run = scenariosOf(start).get(scenario)
    expect(run).toBeDefined()
    await expect(run?.()).rejects.toThrow()
    await expect(scenariosOf(bare('http')).get(scenario)?.()).resolves.toBeUndefined()
  })
}

test('no two scenarios have the same name', () => {
  const names: string[] = []
  adapterContract({ test: (name) => names.push(name), start: bare('http') })
  expect(names.length).toBeGreaterThan(150)
  expect(new Set(names).size).toBe(names.length)
})

test('what a subject does not claim is not asked of it', () => {
  const all = scenariosOf(bare('http'), { endsStreamsOnClose: true })
  const http2 = scenariosOf(bare('h2c'), { httpVersion: 2, injectsChannels: false })
  const one = 'a channel is injected by name, from the manager of the adapter'
  const two = 'an HTTP/1.0 client gets no chunks, and the end of the connection is the end of the stream'
  const three = 'closing the server ends its own streams, not those of others that share the manager'
  expect([one, two, three].map((name) => all.has(name))).toEqual([true, true, true])
  expect([one, two, three].map((name) => http2.has(name))).toEqual([false, false, false])
})
