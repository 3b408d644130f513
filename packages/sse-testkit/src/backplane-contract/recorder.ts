import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Backplane, LogEntry, SubscriptionStart, Unsubscribe } from '@ssekit/sse-core'

/** Everything that one subscription received, and a way to wait for more. */
export class Recorder {
  readonly entries: LogEntry[] = []
  gaps = 0
  /** The ids of the positions at which it continued after gaps, where the log knows them. */
  readonly gapIds: string[] = []
  unsubscribe: Unsubscribe = () => {}
  readonly #patienceMs: number
  // One for each pending wait.
  readonly #checks = new Set<() => void>()

  private constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /** Subscribes, and resolves once the subscription is live. */
  static async of(
    backplane: Backplane,
    channel: string,
    start: SubscriptionStart,
    patienceMs: number,
  ): Promise<Recorder> {
    const recorder = new Recorder(patienceMs)
    recorder.unsubscribe = await backplane.subscribe(channel, start, {
      entry: (entry) => {
        recorder.entries.push(entry)
        recorder.#check()
      },
      gap: (id) => {
        recorder.gaps += 1
        if (id !== undefined) recorder.gapIds.push(id)
        recorder.#check()
      },
    })
    return recorder
  }

  get ids(): string[] {
    return this.entries.map(({ id }) => id)
  }

  /** The data of the events. */
  get data(): unknown[] {
    return this.entries.map(dataOf)
  }

  /** Waits until this many entries have been received in all. */
  received(count: number): Promise<void> {
    return this.until(() => this.entries.length >= count, `${count} entries`)
  }

  /** Waits until the condition holds. Rejects if it does not in time. */
  async until(isReached: () => boolean, what: string): Promise<void> {
    if (isReached()) return
    await new Promise<void>((resolve, reject) => {
      const late = (): void => {
        this.#checks.delete(check)
        reject(new Error(`waited in vain for ${what}; received ${this.entries.length} entries, ${this.gaps} gaps`))
      }
      const timer = setTimeout(late, this.#patienceMs)
      const check = (): void => {
        if (!isReached()) return
        clearTimeout(timer)
        this.#checks.delete(check)
        resolve()
      }
      this.#checks.add(check)
    })
  }

  #check(): void {
    for (const check of this.#checks) check()
  }
}

/** The data of an entry's event; undefined if the entry is the end. */
export function dataOf(entry: LogEntry): unknown {
  return 'event' in entry ? entry.event.data : undefined
}

/** Publishes the data in order, without waiting in between, and resolves with the ids. */
export async function publishAll(backplane: Backplane, channel: string, data: readonly unknown[]): Promise<string[]> {
  return Promise.all(data.map((each) => backplane.publish(channel, { event: { data: each } })))
}

/** The numbers from `from` to `to`, both inclusive. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

/** Compares long lists: `assert.deepEqual` would print all of them and take minutes to compute the difference. */
export function assertSame(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  const index = expected.findIndex((value, i) => !isDeepStrictEqual(value, actual[i]))
  const [is, should] = [actual[index], expected[index]].map((value) => JSON.stringify(value)?.slice(0, 100))
  assert(index === -1, `${what}: number ${index + 1} is ${is} and should be ${should}`)
  assert.equal(actual.length, expected.length, `${what}: the number of entries`)
}
