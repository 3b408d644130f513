import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Backplane, type LogEntry, memoryBackplane } from '@ssekit/sse-core'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

async function heardBy(backplane: Backplane, last = 0): Promise<{ entries: LogEntry[]; unsubscribe: () => void }> {
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

/** What ids of one log begin with; it may have full stops itself. */
function epochOf(id: string): string {
  return id.replace(/\.\d+$/, '')
}

describe('a backplane in memory', () => {
  test('delivers within the call to publish', async () => {
    const backplane = memoryBackplane()
    const { entries } = await heardBy(backplane)
    void publish(backplane, 1)
    expect(entries).toMatchObject([{ event: { data: 1 } }])
  })

  test('delivers in one order to all, though some of them publish as they are delivered to', async () => {
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
    const { entries } = await heardBy(backplane)
    const question = publish(backplane, 'question')
    expect(entries.map(dataOf)).toEqual(['question', 'one', 'two'])
    expect(answering).toEqual(['question', 'one', 'two'])
    expect(await Promise.all([question, ...answers])).toEqual(entries.map(({ id }) => id))
  })

  test('gives who subscribes within a delivery everything once', async () => {
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

  test('forgets a channel that nobody subscribes to once all of it has expired', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: 1_000 } })
    const id = await publish(backplane, 1)
    await jest.advanceTimersByTimeAsync(900)
    expect(await backplane.read('news', id, 9)).toEqual([])
    await jest.advanceTimersByTimeAsync(2_000)
    expect(jest.getTimerCount()).toBe(0)
    // The id is unknown now, not wrong: the log that begins anew has another epoch.
    expect(await backplane.read('news', id, 9)).toBeUndefined()
    expect(epochOf(await publish(backplane, 2))).not.toBe(epochOf(id))
    await backplane.close()
  })

  test('forgets it in its time, though the system’s clock is set back', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: 1_000 } })
    const id = await publish(backplane, 1)
    jest.setSystemTime(Date.now() - 3_600_000)
    await jest.advanceTimersByTimeAsync(3_000)
    expect(await backplane.read('news', id, 9)).toBeUndefined()
    await backplane.close()
  })

  test('keeps a channel for as long as somebody subscribes to it', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: 1_000 } })
    const { entries, unsubscribe } = await heardBy(backplane)
    const id = await publish(backplane, 1)
    await jest.advanceTimersByTimeAsync(60_000)
    const next = await publish(backplane, 2)
    expect(epochOf(next)).toBe(epochOf(id))
    expect(entries).toHaveLength(2)
    unsubscribe()
    await jest.advanceTimersByTimeAsync(60_000)
    expect(await backplane.read('news', next, 9)).toBeUndefined()
  })

  test('sweeps no more than once a second, however soon things expire', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: 0 } })
    await heardBy(backplane)
    await publish(backplane, 1)
    const start = Date.now()
    for (let i = 0; i < 5; i++) jest.advanceTimersToNextTimer()
    expect(Date.now() - start).toBeGreaterThanOrEqual(5_000)
    await backplane.close()
  })

  test('keeps what its history says', async () => {
    const backplane = memoryBackplane({ history: { maxEvents: 2 } })
    for (const data of [1, 2, 3]) await publish(backplane, data)
    const { entries } = await heardBy(backplane, 9)
    expect(entries).toMatchObject([{ event: { data: 2 } }, { event: { data: 3 } }])
  })

  test('has no timer where nothing expires', async () => {
    const backplane = memoryBackplane({ history: { maxAgeMs: Number.POSITIVE_INFINITY } })
    await publish(backplane, 1)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('that is closed refuses everything, and has no timer', async () => {
    const backplane = memoryBackplane()
    await publish(backplane, 1)
    await backplane.close()
    await backplane.close()
    expect(jest.getTimerCount()).toBe(0)
    const closed = { code: 'ERR_SSE_CLOSED' }
    await expect(publish(backplane, 2)).rejects.toMatchObject(closed)
    await expect(heardBy(backplane)).rejects.toMatchObject(closed)
    await expect(backplane.read('news', 'x', 9)).rejects.toMatchObject(closed)
  })

  test('refuses limits that are none', () => {
    expect(() => memoryBackplane({ history: { maxEvents: -1 } })).toThrow(RangeError)
  })
})
