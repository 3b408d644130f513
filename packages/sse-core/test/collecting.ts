import type { SseEvent } from '@ssekit/sse-core'

/** The events that a loop has received so far. */
export class Collected {
  readonly events: SseEvent[] = []
  /** Settles when the loop is over. */
  over: Promise<void> = Promise.resolve()

  get data(): unknown[] {
    return this.events.map((event) => event.data)
  }

  get ids(): (string | undefined)[] {
    return this.events.map((event) => event.id)
  }
}

/** Reads events until the source ends. `over` rejects if the loop fails. */
export function collect(source: AsyncIterable<SseEvent>): Collected {
  const collected = new Collected()
  const loop = async (): Promise<void> => {
    for await (const event of source) collected.events.push(event)
  }
  collected.over = loop()
  return collected
}

/** Takes the next events of an iterator, and leaves it open. */
export async function take(iterator: AsyncIterator<SseEvent>, count: number): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  while (events.length < count) {
    const { done, value } = await iterator.next()
    if (done) throw new Error(`the loop ended after ${events.length} of ${count} events`)
    events.push(value)
  }
  return events
}

/** A turn of the event loop. After it, everything that waits for no timer and no socket has happened. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Whether a promise has not settled within a turn. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  promise.then(settle, settle)
  await turn()
  return !isSettled
}
