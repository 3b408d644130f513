import { expect, test } from '@jest/globals'
import { type Backplane, type BackplaneSink, type LogEntry, memoryBackplane } from '@ssekit/sse-core'
import { backplaneContract } from '@ssekit/sse-testkit'

/** One thing that a backplane may get wrong. */
type Flaw = (sound: Backplane) => Partial<Backplane>

/** As late as what comes over a network. */
const LATE_MS = 3

/** Changes what subscribers are told. */
function telling(change: (entry: LogEntry, tell: (entry: LogEntry) => void) => void): Flaw {
  return (sound) => ({
    subscribe: (channel, options, sink) =>
      sound.subscribe(channel, options, { ...sink, entry: (entry) => change(entry, sink.entry) }),
  })
}

/** What should not have been delivered. */
const stray: LogEntry = { id: 'stray', at: Date.now(), event: { data: 'stray' } }

const tellingTwice = telling((entry, tell) => {
  tell(entry)
  setTimeout(tell, LATE_MS, entry)
})

let count = 0

/** What a backplane gets wrong, the scenario that finds it, and how it is done. */
const flaws: readonly (readonly [does: string, scenario: string, flaw: Flaw])[] = [
  [
    'delivers twice',
    'every node hears each event once, in publish order',
    telling((entry, tell) => {
      tell(entry)
      tell(entry)
    }),
  ],
  ['delivers a second time a little later', 'every node hears each event once, in publish order', tellingTwice],
  [
    'delivers a second time a little later',
    'three publishers at once are heard in one order everywhere: 10 000 events, none lost, none twice',
    tellingTwice,
  ],
  [
    'delivers a second time a little later',
    'of two that end a channel at once one is refused, and the end is there once',
    tellingTwice,
  ],
  [
    'loses one in fifty',
    'the publishes of one node keep the order of their calls, awaited or not',
    telling((entry, tell) => {
      count += 1
      if (count % 50 !== 0) tell(entry)
    }),
  ],
  [
    'swaps two neighbours now and then',
    'every node hears each event once, in publish order',
    telling((entry, tell) => {
      count += 1
      if (count % 7 === 0) setImmediate(tell, entry)
      else tell(entry)
    }),
  ],
  [
    'delivers other ids than publish resolves to',
    'the publisher is told the id that everybody hears',
    telling((entry, tell) => tell({ ...entry, id: `${entry.id}x` })),
  ],
  [
    'loses whether an id is the publisher’s',
    'the id of a publisher is kept, even if it occurs twice',
    telling((entry, tell) => tell('event' in entry ? { ...entry, event: { ...entry.event, id: entry.id } } : entry)),
  ],
  [
    'gets previousId wrong',
    'an entry that names the one before it names the right one; it need not name any',
    telling((entry, tell) => tell({ ...entry, previousId: entry.id })),
  ],
  [
    'measures time in seconds',
    'entries say when they were published',
    telling((entry, tell) => tell({ ...entry, at: Math.floor(entry.at / 1_000) })),
  ],
  [
    'loses the fields beside data',
    'events arrive with all their fields, non-ASCII text and 1 MiB of data as they were',
    telling((entry, tell) => tell('event' in entry ? { ...entry, event: { data: entry.event.data } } : entry)),
  ],
  [
    'breaks what is no ASCII',
    'events arrive with all their fields, non-ASCII text and 1 MiB of data as they were',
    telling((entry, tell) => tell(JSON.parse(Buffer.from(JSON.stringify(entry), 'latin1').toString('latin1')))),
  ],
  [
    'goes on after unsubscribe',
    'nothing is delivered after a subscription was given back, which may be done twice and undone',
    (sound) => ({
      subscribe: async (...args) => {
        await sound.subscribe(...args)
        return () => {}
      },
    }),
  ],
  [
    'delivers what was under way, though it was unsubscribed from meanwhile',
    'nothing is delivered after a subscription was given back, which may be done twice and undone',
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
    'delivers to one channel what another one had, a little later',
    'channels are apart, whatever characters are in their names',
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
    'delivers all there is instead of the newest',
    'a subscription begins with the newest `last` entries, oldest first',
    (sound) => ({
      subscribe: (channel, _options, sink) => sound.subscribe(channel, { last: 1_000 }, sink),
    }),
  ],
  [
    'loses what is published before it is live',
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
    'leaves out what there is room for',
    'of the newest entries those may be left out that are beyond `maxBytes`, and no others',
    (sound) => ({
      subscribe: (channel, start, sink) =>
        sound.subscribe(channel, start.maxBytes === undefined ? start : { last: Math.min(start.last, 2) }, sink),
    }),
  ],
  [
    'mixes channels up that differ in case',
    'channels are apart, whatever characters are in their names',
    (sound) => ({
      publish: (channel, entry) => sound.publish(channel.toLowerCase(), entry),
      subscribe: (channel, options, sink) => sound.subscribe(channel.toLowerCase(), options, sink),
    }),
  ],
  [
    'reads the entry itself too',
    'the entries after an id are read oldest first, page by page, up to the newest',
    (sound) => ({
      read: async (channel, afterId, limit) => {
        const read = await sound.read(channel, afterId, limit - 1)
        return read && [{ id: afterId, at: 0, event: { data: 0 } }, ...read]
      },
    }),
  ],
  [
    'ignores the limit of read',
    'the entries after an id are read oldest first, page by page, up to the newest',
    (sound) => ({ read: (channel, afterId) => sound.read(channel, afterId, 1_000) }),
  ],
  [
    'takes an unknown id for the newest',
    'an id that the log does not have is undefined, whatever it looks like',
    (sound) => ({
      read: async (...args) => (await sound.read(...args)) ?? [],
    }),
  ],
  [
    'does not say when there is nothing newer',
    'after the newest id there is nothing yet',
    (sound) => ({
      read: async (...args) => {
        const read = await sound.read(...args)
        return read?.length === 0 ? undefined : read
      },
    }),
  ],
  [
    'goes on after the end',
    'what is published after the end is refused with ERR_SSE_CLOSED, on every node, and heard by nobody',
    (sound) => ({
      publish: (channel, entry) => ('end' in entry ? Promise.resolve('end') : sound.publish(channel, entry)),
    }),
  ],
  [
    'accepts what comes after the end and drops it',
    'what is published after the end is refused with ERR_SSE_CLOSED, on every node, and heard by nobody',
    (sound) => ({
      publish: (channel, entry) => sound.publish(channel, entry).catch(() => 'dropped'),
    }),
  ],
  [
    'delivers what it has refused, a little later',
    'what is published after the end is refused with ERR_SSE_CLOSED, on every node, and heard by nobody',
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
    'the log gives each event an id of its own, which needs no escaping and stays below 100 characters',
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

test.each(flaws)('a backplane that %s does not pass: %s', async (_does, name, flaw) => {
  const [scenario, ...others] = scenariosOn(flaw, 100).filter((each) => each.name === name)
  expect(others).toEqual([])
  await expect(scenario?.run()).rejects.toHaveProperty('message')
  // And it is the flaw that it found.
  await scenariosOn(() => ({}), 15_000)
    .find((each) => each.name === name)
    ?.run()
})

test('no scenario has the name of another', () => {
  const names = scenariosOn(() => ({}), 1_000).map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

const FIRST = 'every node hears each event once, in publish order'
const broken = { close: () => Promise.reject(new Error('cannot be closed')) }

test('what a scenario finds is told, also where its nodes cannot be closed then', async () => {
  const silent = telling(() => {})
  const [scenario] = scenariosOn((sound) => ({ ...silent(sound), ...broken }), 100).filter(({ name }) => name === FIRST)
  await expect(scenario?.run()).rejects.toThrow(/waited in vain/)
})

test('a backplane that cannot be closed does not pass', async () => {
  const [scenario] = scenariosOn(() => broken, 15_000).filter(({ name }) => name === FIRST)
  await expect(scenario?.run()).rejects.toThrow('cannot be closed')
})
