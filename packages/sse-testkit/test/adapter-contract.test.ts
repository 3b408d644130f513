import { expect, test } from '@jest/globals'
import { SseManager } from '@ssekit/sse-core'
import { type AdapterTraits, adapterContract, type RouteContext, type StartServer } from '@ssekit/sse-testkit'
import { bare } from './subjects/bare.js'

type Scenarios = ReadonlyMap<string, () => Promise<void>>

/** The scenarios of an adapter by name, to run one at a time. */
function scenariosOf(start: StartServer, traits: Partial<AdapterTraits> = { injectsChannels: false }): Scenarios {
  const scenarios = new Map<string, () => Promise<void>>()
  adapterContract({ test: (name, run) => scenarios.set(name, run), start, traits })
  return scenarios
}

/** Node's server whose routes get a context with a mistake. */
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
    'ignores setHeader()',
    'headers that earlier middleware set are sent, including several Set-Cookie headers',
    mistaken(() => ({ setHeader: () => {} })),
  ],
  [
    'ignores the options',
    'a stream begins with its `retry:` line, before any event',
    mistaken(({ sse }) => ({ sse: (source) => sse(source) })),
  ],
  [
    'swallows errors',
    'a generator that fails ends the stream; the error goes to onError and the framework, not to the client',
    mistaken(({ sse }) => ({ sse: (source, options) => sse(source, options).catch(() => 'error') })),
  ],
  [
    'commits the response too early',
    'a function that throws is answered by the framework with the status of the error',
    mistaken(({ sse, res }) => ({
      sse: (source, options) => {
        res.statusCode = 200
        if ('flushHeaders' in res) res.flushHeaders()
        return sse(source, options)
      },
    })),
  ],
  [
    'rejects when a client disconnects',
    'a client that disconnects from an idle channel leaves nothing behind, including timers',
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
    'a client that disconnects from an idle channel leaves nothing behind, including timers',
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
    'manager.disconnect() ends only the selected connections, without their pending events',
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

test('the adapter contract gives each scenario a unique name', () => {
  const names: string[] = []
  adapterContract({ test: (name) => names.push(name), start: bare('http') })
  expect(names.length).toBeGreaterThan(150)
  expect(new Set(names).size).toBe(names.length)
})

test('the adapter contract leaves out scenarios for traits that the adapter does not have', () => {
  const all = scenariosOf(bare('http'), { endsStreamsOnClose: true })
  const http2 = scenariosOf(bare('h2c'), { httpVersion: 2, injectsChannels: false })
  const one = 'injectChannel() gets a channel by name, from the manager of the adapter'
  const two = 'an HTTP/1.0 client gets a stream without chunks, and the connection closes at its end'
  const three = 'closing a server ends its own streams, not those of another server that shares the manager'
  expect([one, two, three].map((name) => all.has(name))).toEqual([true, true, true])
  expect([one, two, three].map((name) => http2.has(name))).toEqual([false, false, false])
})
