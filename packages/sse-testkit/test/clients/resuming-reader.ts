import type { EventSourceMessage } from 'eventsource-parser'
import { ResumingClient } from './resuming-client.js'

/** Reads a stream of numbers, reconnects with its last event id whenever it is cut, and records what it received. */
export class ResumingReader extends ResumingClient {
  /** The numbers received, in order; a gap is `null`. */
  readonly numbers: (number | null)[] = []
  readonly #onRead: (reader: this) => void

  constructor(url: string, onRead: (reader: ResumingReader) => void) {
    super(() => url)
    this.#onRead = onRead
  }

  protected override receive({ event, data }: EventSourceMessage): void {
    if (event === 'sse-checkpoint') return
    this.numbers.push(event === 'sse-gap' ? null : Number.parseInt(data, 10))
    this.#onRead(this)
  }
}

/** Lists the faults of a sequence: each number from `first` to `last` must come once, in order, or be covered by a gap. */
export function faultsOf(numbers: readonly (number | null)[], last: number, first = 0): string[] {
  const faults: string[] = []
  let previous: number | undefined
  let isGapTold = false
  for (const number of numbers) {
    if (number === null) {
      isGapTold = true
      continue
    }
    if (previous === undefined && number > first && !isGapTold) faults.push(`begins with ${number}`)
    if (previous !== undefined && number <= previous) faults.push(`${number} after ${previous}`)
    if (previous !== undefined && number > previous + 1 && !isGapTold) faults.push(`${previous} to ${number} untold`)
    if (previous !== undefined && number === previous + 1 && isGapTold) faults.push(`no gap before ${number}`)
    previous = number
    isGapTold = false
  }
  if (previous !== last) faults.push(`ends with ${previous}, not ${last}`)
  return faults
}
