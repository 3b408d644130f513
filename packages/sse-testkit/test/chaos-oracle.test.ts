import { describe, expect, test } from '@jest/globals'
import { type Truth, violationsOf } from './chaos/oracle.js'
import type { Seen, Transcript } from './chaos/transcript.js'

// The stress tests with a broker and its failures are only as good as their oracle.

const opened: Seen = { kind: 'opened', status: 200, lastEventId: '' }
const event = (number: number, id = `id-${number}`, channel = 'news'): Seen => ({ kind: 'event', id, channel, number })
const checkpoint = (number: number): Seen => ({ kind: 'checkpoint', id: `id-${number}` })
const gap = (id = 'before'): Seen => ({ kind: 'gap', id, channel: 'news' })
const log = (numbers: readonly number[]) => numbers.map((number) => ({ number, id: `id-${number}` }))

const truth: Truth = {
  logs: new Map([
    ['news', log([1, 2, 3, 4, 6])],
    ['sports', log([5, 7])],
  ]),
  published: new Set([1, 2, 3, 4, 5, 6, 7, 8]),
  last: new Map([
    ['news', 6],
    ['sports', 7],
  ]),
  mayHaveGaps: false,
}
const withGaps: Truth = { ...truth, mayHaveGaps: true }

const verdict = (seen: readonly Seen[], of: Partial<Transcript> = {}, against = truth): string[] =>
  violationsOf({ channels: ['news'], every: 1, ...of, seen: [opened, ...seen] }, against)

test.each<[string, string[]]>([
  ['from any event on', verdict([event(2), event(3), event(4), event(6)])],
  ['after a checkpoint', verdict([checkpoint(3), event(4), event(6)])],
  [
    'if it reconnects in between',
    verdict([event(3), { ...opened, lastEventId: 'id-3' }, event(4), event(6)] as Seen[]),
  ],
  ['if it reconnects before it has an id', verdict([event(3, 'id-3'), opened, event(6)])],
  ['with a filter', verdict([event(2), event(4), checkpoint(4), event(6)], { every: 2 })],
  [
    'from several channels',
    verdict(
      [event(4, 'id-4~'), event(5, 'id-4~id-5', 'sports'), event(6, 'id-6~id-5'), event(7, 'id-6~id-7', 'sports')],
      { channels: ['news', 'sports'] },
    ),
  ],
  ['after a gap, if events were lost', verdict([event(1), gap(), event(4), event(6)], {}, withGaps)],
  ['from the beginning after a gap', verdict([event(4), gap(), event(3), event(4), event(6)], {}, withGaps)],
  ['that was not stored for certain', verdict([event(4), event(8), event(6)], {}, withGaps)],
])('what a client may receive: %s', (_what, violations) => {
  expect(violations).toEqual([])
})

describe('a violation', () => {
  test.each<[string, string[], RegExp]>([
    ['a lost event', verdict([event(2), event(4), event(6)]), /without 1 between, such as \{"number":3/],
    ['a lost event after a checkpoint', verdict([checkpoint(2), event(4), event(6)]), /without 1 between/],
    ['a lost event after a gap', verdict([gap('id-3'), event(6)], {}, withGaps), /without 1 between/],
    ['a checkpoint that passes over an event', verdict([event(2), checkpoint(3), event(4), event(6)]), /without 1/],
    ['a checkpoint that goes back', verdict([event(3), checkpoint(2), event(4), event(6)]), /which is older/],
    ['an event that comes twice', verdict([event(4), event(4), event(6)]), /again/],
    ['another order', verdict([event(2), event(4), event(3), event(6)]), /which is older/],
    ['another id', verdict([event(4), event(6, 'id-4')]), /which has another id/],
    [
      'an id that moves another channel',
      verdict([event(4, 'id-4~id-5'), event(7, 'id-4~id-7', 'sports'), event(6, 'id-6~id-5')], {
        channels: ['news', 'sports'],
      }),
      /which is older/,
    ],
    ['a gap, if nothing was lost', verdict([event(4), gap(), event(6)]), /gap/],
    ['no last event', verdict([event(2), event(3), event(4)]), /and then nothing/],
    ['no event at all', verdict([]), /after nothing, and then nothing/],
    ['an event that nobody published', verdict([event(4), event(9), event(6)]), /nobody published/],
    ['an event that is not in the log', verdict([event(4), event(8), event(6)]), /not in the log/],
    ['an event that the filter excludes', verdict([event(4), event(6)], { every: 3 }), /filter excludes/],
    ['an event of a foreign channel', verdict([event(4), event(6), event(5, 'id-5', 'sports')]), /foreign channel/],
    ['an error', verdict([{ ...opened, status: 500 } as Seen, event(4), event(6)]), /status 500/],
  ])('is %s', (_what, violations, message) => {
    expect(violations).toContainEqual(expect.stringMatching(message))
  })
})
