import { expect, test } from '@jest/globals'
import { type Backplane, type BackplaneSink, type LogEntry, memoryBackplane } from '@ssekit/sse-core'
import { backplaneContract } from '@ssekit/sse-testkit'

/** One thing that a backplane may get wrong. */
type Flaw = (sound: Backplane) => Partial<Backplane>

/** The delay of a late delivery, as over a network. */
const LATE_MS = 3

/** Changes the entries that subscribers receive. */
function telling(change: (entry: LogEntry, tell: (entry: LogEntry) => void) => void): Flaw {
  return (sound) => ({
    subscribe: (channel, options, sink) =>
      sound.subscribe(channel, options, { ...sink, entry: (entry) => change(entry, sink.entry) }),
  })
}

/** An entry that must not be delivered. */
const stray: LogEntry = { id: 'stray', at: Date.now(), event: { data: 'stray' } }

const tellingTwice = telling((entry, tell) => {
  tell(entry)
  setTimeout(tell, LATE_MS, entry)
})

let count = 0

/** What a backplane does wrong, the scenario that detects it, and how to do it. */
const flaws: readonly (readonly [does: string, scenario: string, flaw: Flaw])[] = [
  [
    'delivers twice',
    'every node receives each event once, in publish order',
    telling((entry, tell) => {
      tell(entry)
      tell(entry)
    }),
  ],
  ['delivers a second time a little later', 'every node receives each event once, in publish order', tellingTwice],
  [
    'delivers a second time a little later',
    '10 000 events of three concurrent publishers arrive once, in the same order, on every node',
    tellingTwice,
  ],
  [
    'delivers a second time a little later',
    'if two nodes end a channel at once, one publish rejects and the end is delivered once',
    tellingTwice,
  ],
  [
    'loses one in fifty',
    'publishes of one node keep the order of their calls, even if they are not awaited',
    telling((entry, tell) => {
      count += 1
      if (count % 50 !== 0) tell(entry)
    }),
  ],
  [
    'swaps two neighbours now and then',
    'every node receives each event once, in publish order',
    telling((entry, tell) => {
      count += 1
      if (count % 7 === 0) setImmediate(tell, entry)
      else tell(entry)
    }),
  ],
  [
    'delivers other ids than publish() resolves to',
    'publish() resolves to the id that subscribers receive',
    telling((entry, tell) => tell({ ...entry, id: `${entry.id}x` })),
  ],
  [
    'takes generated ids for those of publishers',
    "a publisher's own id is kept, even if it occurs twice",
    telling((entry, tell) => tell('event' in entry ? { ...entry, event: { ...entry.event, id: entry.id } } : entry)),
  ],
  [
    'gets previousId wrong',
    'the previousId of an entry, if it has one, is the id of the entry before it',
    telling((entry, tell) => tell({ ...entry, previousId: entry.id })),
  ],
  [
    "has only the publishers' ids of entries, which may occur again",
    'a client whose id occurs again and again gets everything after the oldest one, each event once',
    (sound) => ({
      read: async (...args) => (await sound.read(...args))?.map((entry) => ({ ...entry, uniqueId: undefined })),
    }),
  ],
  [
    'measures time in seconds',
    'each entry has the time at which it was published',
    telling((entry, tell) => tell({ ...entry, at: Math.floor(entry.at / 1_000) })),
  ],
  [
    'loses the fields other than data',
    'events arrive with all fields unchanged, including non-ASCII text and 1 MiB of data',
    telling((entry, tell) => tell('event' in entry ? { ...entry, event: { data: entry.event.data } } : entry)),
  ],
  [
    'breaks non-ASCII text',
    'events arrive with all fields unchanged, including non-ASCII text and 1 MiB of data',
    telling((entry, tell) => tell(JSON.parse(Buffer.from(JSON.stringify(entry), 'latin1').toString('latin1')))),
  ],
  [
    'delivers after unsubscribe()',
    'nothing is delivered after unsubscribing, which can be repeated, and the node can subscribe again',
    (sound) => ({
      subscribe: async (...args) => {
        await sound.subscribe(...args)
        return () => {}
      },
    }),
  ],
  [
    'delivers an entry that was in flight when its subscriber unsubscribed',
    'nothing is delivered after unsubscribing, which can be repeated, and the node can subscribe again',
    (sound) => ({
      subscribe: async (channel, start, sink) => {
        const unsubscribe = await sound.subscribe(channel, start, sink)
        return () => {
          unsubscribe()
          setTimeout(sink.entry, LATE_MS, stray)
        }
      },
    }),
  ],
  [
    'delivers an entry to another channel, a little later',
    'channels with special characters in their names are kept apart',
    (sound) => {
      const sinks: BackplaneSink[] = []
      return {
        subscribe: (channel, start, sink) => {
          sinks.push(sink)
          return sound.subscribe(channel, start, sink)
        },
        publish: (channel, entry) => {
          if (channel === 'a.b') setTimeout(() => sinks[0]?.entry(stray), LATE_MS)
          return sound.publish(channel, entry)
        },
      }
    },
  ],
  [
    'delivers an older entry a little later',
    'a subscription begins with the newest `last` entries, oldest first',
    (sound) => ({
      subscribe: async (channel, start, sink) => {
        const unsubscribe = await sound.subscribe(channel, start, sink)
        setTimeout(sink.entry, LATE_MS, stray)
        return unsubscribe
      },
    }),
  ],
  [
    'ignores last',
    'a subscription begins with the newest `last` entries, oldest first',
    (sound) => ({ subscribe: (channel, _options, sink) => sound.subscribe(channel, { last: 0 }, sink) }),
  ],
  [
    'delivers all entries instead of the newest `last`',
    'a subscription begins with the newest `last` entries, oldest first',
    (sound) => ({
      subscribe: (channel, _options, sink) => sound.subscribe(channel, { last: 1_000 }, sink),
    }),
  ],
  [
    'loses entries that were published before the subscription',
    'a subscription begins with the newest `last` entries, oldest first',
    (sound) => ({
      subscribe: async (channel, options, sink) => {
        let isLive = false
        const unsubscribe = await sound.subscribe(channel, options, { ...sink, entry: (e) => isLive && sink.entry(e) })
        isLive = true
        return unsubscribe
      },
    }),
  ],
  [
    'leaves out entries that fit into maxBytes',
    'a subscription with `maxBytes` may begin with fewer entries, but leaves out none that fit',
    (sound) => ({
      subscribe: (channel, start, sink) =>
        sound.subscribe(channel, start.maxBytes === undefined ? start : { last: Math.min(start.last, 2) }, sink),
    }),
  ],
  [
    'mixes up channels whose names differ only in case',
    'channels with special characters in their names are kept apart',
    (sound) => ({
      publish: (channel, entry) => sound.publish(channel.toLowerCase(), entry),
      subscribe: (channel, options, sink) => sound.subscribe(channel.toLowerCase(), options, sink),
    }),
  ],
  [
    'includes the entry of the given id in read()',
    'read() returns the entries after an id, oldest first, page by page, up to the newest',
    (sound) => ({
      read: async (channel, afterId, limit) => {
        const read = await sound.read(channel, afterId, limit - 1)
        return read && [{ id: afterId, at: 0, event: { data: 0 } }, ...read]
      },
    }),
  ],
  [
    'ignores the limit of read()',
    'read() returns the entries after an id, oldest first, page by page, up to the newest',
    (sound) => ({ read: (channel, afterId) => sound.read(channel, afterId, 1_000) }),
  ],
  [
    'takes an unknown id for the newest',
    'read() returns undefined for an id that the log does not have',
    (sound) => ({
      read: async (...args) => (await sound.read(...args)) ?? [],
    }),
  ],
  [
    'returns undefined from read() after the newest id',
    'read() after the newest id returns nothing until another event is published',
    (sound) => ({
      read: async (...args) => {
        const read = await sound.read(...args)
        return read?.length === 0 ? undefined : read
      },
    }),
  ],
  [
    'does not end channels',
    'a publish after the end rejects with ERR_SSE_CLOSED on every node, and is not delivered',
    (sound) => ({
      publish: (channel, entry) => ('end' in entry ? Promise.resolve('end') : sound.publish(channel, entry)),
    }),
  ],
  [
    'accepts events after the end and drops them',
    'a publish after the end rejects with ERR_SSE_CLOSED on every node, and is not delivered',
    (sound) => ({
      publish: (channel, entry) => sound.publish(channel, entry).catch(() => 'dropped'),
    }),
  ],
  [
    'delivers an event that it rejected, a little later',
    'a publish after the end rejects with ERR_SSE_CLOSED on every node, and is not delivered',
    (sound) => {
      let newest: BackplaneSink | undefined
      return {
        subscribe: (channel, start, sink) => {
          if (channel === 'news') newest = sink
          return sound.subscribe(channel, start, sink)
        },
        publish: (channel, entry) =>
          sound.publish(channel, entry).catch((error: unknown) => {
            setTimeout(() => newest?.entry(stray), LATE_MS)
            throw error
          }),
      }
    },
  ],
  [
    'makes ids that need escaping',
    'each event gets a unique id of at most 100 characters that needs no escaping',
    (sound) => ({
      publish: async (channel, entry) => `${await sound.publish(channel, entry)}:é`,
    }),
  ],
]

interface Scenario {
  readonly name: string
  readonly run: () => Promise<void>
}

function scenariosOn(flaw: Flaw, patienceMs: number): Scenario[] {
  const scenarios: Scenario[] = []
  backplaneContract({
    test: (name, run) => scenarios.push({ name, run }),
    nodes: async (nodeCount, history) => {
      const sound = memoryBackplane({ history })
      const flawed = { ...sound, ...flaw(sound) }
      return Array.from({ length: nodeCount }, () => flawed)
    },
    patienceMs,
  })
  return scenarios
}

test.each(flaws)('a backplane that %s fails the scenario "%s"', async (_does, name, flaw) => {
  const [scenario, ...others] = scenariosOn(flaw, 100).filter((each) => each.name === name)
  expect(others).toEqual([])
  await expect(scenario?.run()).rejects.toHaveProperty('message')
  // Without the flaw, the scenario passes.
  await scenariosOn(() => ({}), 15_000)
    .find((each) => each.name === name)
    ?.run()
})

test('the backplane contract gives each scenario a unique name', () => {
  const names = scenariosOn(() => ({}), 1_000).map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

const FIRST = 'every node receives each event once, in publish order'
const broken = { close: () => Promise.reject(new Error('cannot be closed')) }

test('a scenario that fails reports its own failure, even if its nodes then cannot be closed', async () => {
  const silent = telling(() => {})
  const [scenario] = scenariosOn((sound) => ({ ...silent(sound), ...broken }), 100).filter(({ name }) => name === FIRST)
  await expect(scenario?.run()).rejects.toThrow(/waited in vain/)
})

test('a backplane that cannot be closed fails the contract', async () => {
  const [scenario] = scenariosOn(() => broken, 15_000).filter(({ name }) => name === FIRST)
  await expect(scenario?.run()).rejects.toThrow('cannot be closed')
})
