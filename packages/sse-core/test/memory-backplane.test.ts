import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Backplane, type LogEntry, memoryBackplane } from '@ssekit/sse-core'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

async function subscribeTo(backplane: Backplane, last = 0): Promise<{ entries: LogEntry[]; unsubscribe: () => void }> {
  const entries: LogEntry[] = []
  const sink = { entry: (entry: LogEntry) => entries.push(entry), gap: () => {} }
  return { entries, unsubscribe: await backplane.subscribe('news', { last }, sink) }
}

function publish(backplane: Backplane, data: unknown): Promise<string> {
  return backplane.publish('news', { event: { data } })
}

function dataOf(entry: LogEntry): unknown {
  return 'event' in entry ? entry.event.data : 'end'
}

/** The prefix of the ids of one log. It can contain full stops itself. */
function epochOf(id: string): string {
  return id.replace(/\.\d+$/, '')
}

describe('memoryBackplane()', () => {
  test('delivers entries within the publish() call', async () => {
    const backplane = memoryBackplane()
    const { entries } = await subscribeTo(backplane)
    void publish(backplane, 1)
    expect(entries).toMatchObject([{ event: { data: 1 } }])
  })

  test('delivers entries in one order to all subscribers, even if one of them publishes in its sink', async () => {
    const backplane = memoryBackplane({ history: { maxEvents: 1 } })
    const answering: unknown[] = []
    const answers: Promise<string>[] = []
    await backplane.subscribe(
      'news',
      { last: 0 },
      {
        entry(entry) {
          answering.push(dataOf(entry))
          if (dataOf(entry) === 'question') answers.push(publish(backplane, 'one'), publish(backplane, 'two'))
        },
        gap: () => {},
      },
    )
    const { entries } = await subscribeTo(backplane)
    const question = publish(backplane, 'question')
    expect(entries.map(dataOf)).toEqual(['question', 'one', 'two'])
    expect(answering).toEqual(['question', 'one', 'two'])
    expect(await Promise.all([question, ...answers])).toEqual(entries.map(({ id }) => id))
  })

  test('delivers every entry once to a subscription that begins during a delivery', async () => {
    const backplane = memoryBackplane()
    const late: unknown[] = []
    const sink = { entry: (entry: LogEntry) => late.push(dataOf(entry)), gap: () => {} }
    await backplane.subscribe(
      'news',
      { last: 0 },
      {
        entry(entry) {
          if (dataOf(entry) !== 1) return
          void publish(backplane, 2)
          void backplane.subscribe('news', { last: 9 }, sink)
        },
        gap: () => {},
      },
    )
    await publish(backplane, 1)
    await publish(backplane, 3)
    expect(late).toEqual([1, 2, 3])
  })

  test('delivers every entry once to a sink that publishes while it receives a history that is full', async () => {
    const backplane = memoryBackplane({ history: { maxEvents: 2 } })
    await publish(backplane, 1)
    await publish(backplane, 2)
    const received: unknown[] = []
    const sink = {
      entry(entry: LogEntry): void {
        received.push(dataOf(entry))
        if (received.length === 1) for (const data of [3, 4, 5]) void publish(backplane, data)
      },
      gap: () => {},
    }
    await backplane.subscribe('news', { last: 9 }, sink)
    expect(received).toEqual([1, 2, 3, 4, 5])
  })

  test('keeps no more than its limits after a sink has thrown while it received the history', async () => {
    const backplane = memoryBackplane({ history: { maxEvents: 2 } })
    for (const data of [1, 2]) await publish(backplane, data)
    const entry = (): never => {
      throw new Error('a sink')
    }
    await expect(backplane.subscribe('news', { last: 9 }, { entry, gap: () => {} })).rejects.toThrow('a sink')
    for (const data of [3, 4, 5]) await publish(backplane, data)
    const { entries } = await subscribeTo(backplane, 9)
    expect(entries.map(dataOf)).toEqual([4, 5])
  })

  test('forgets a channel without subscriptions once all its entries have expired', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: 1_000 } })
    const id = await publish(backplane, 1)
    await jest.advanceTimersByTimeAsync(900)
    expect(await backplane.read('news', id, 9)).toEqual([])
    await jest.advanceTimersByTimeAsync(2_000)
    expect(jest.getTimerCount()).toBe(0)
    // The id is now unknown, not wrong: the new log has another epoch.
    expect(await backplane.read('news', id, 9)).toBeUndefined()
    expect(epochOf(await publish(backplane, 2))).not.toBe(epochOf(id))
    await backplane.close()
  })

  test('forgets an expired channel on time even if the system clock is set back', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: 1_000 } })
    const id = await publish(backplane, 1)
    jest.setSystemTime(Date.now() - 3_600_000)
    await jest.advanceTimersByTimeAsync(3_000)
    expect(await backplane.read('news', id, 9)).toBeUndefined()
    await backplane.close()
  })

  test('keeps a channel as long as it has a subscription', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: 1_000 } })
    const { entries, unsubscribe } = await subscribeTo(backplane)
    const id = await publish(backplane, 1)
    await jest.advanceTimersByTimeAsync(60_000)
    const next = await publish(backplane, 2)
    expect(epochOf(next)).toBe(epochOf(id))
    expect(entries).toHaveLength(2)
    unsubscribe()
    await jest.advanceTimersByTimeAsync(60_000)
    expect(await backplane.read('news', next, 9)).toBeUndefined()
  })

  test('sweeps at most once a second, even if entries expire sooner', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: 0 } })
    await subscribeTo(backplane)
    await publish(backplane, 1)
    const start = Date.now()
    for (let i = 0; i < 5; i++) jest.advanceTimersToNextTimer()
    expect(Date.now() - start).toBeGreaterThanOrEqual(5_000)
    await backplane.close()
  })

  test('retains at most history.maxEvents entries', async () => {
    const backplane = memoryBackplane({ history: { maxEvents: 2 } })
    for (const data of [1, 2, 3]) await publish(backplane, data)
    const { entries } = await subscribeTo(backplane, 9)
    expect(entries).toMatchObject([{ event: { data: 2 } }, { event: { data: 3 } }])
  })

  test('has no timer if entries never expire', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: Number.POSITIVE_INFINITY } })
    await publish(backplane, 1)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('rejects all calls after close(), and has no timer left', async () => {
    const backplane = memoryBackplane()
    await publish(backplane, 1)
    await backplane.close()
    await backplane.close()
    expect(jest.getTimerCount()).toBe(0)
    const closed = { code: 'ERR_SSE_CLOSED' }
    await expect(publish(backplane, 2)).rejects.toMatchObject(closed)
    await expect(subscribeTo(backplane)).rejects.toMatchObject(closed)
    await expect(backplane.read('news', 'x', 9)).rejects.toMatchObject(closed)
  })

  test('refuses an invalid history limit with a RangeError', () => {
    expect(() => memoryBackplane({ history: { maxEvents: -1 } })).toThrow(RangeError)
  })
})
