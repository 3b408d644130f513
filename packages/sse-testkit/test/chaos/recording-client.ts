import type { EventSourceMessage } from 'eventsource-parser'
import { ResumingClient } from '../clients/resuming-client.js'
import type { Payload } from './chaos-node.js'
import { partOf, type Seen, type Stored, type Transcript } from './transcript.js'

/** What a client requests. */
export interface Wish {
  readonly channels: readonly string[]
  readonly every: number
  /** How many of the newest events it begins with. */
  readonly rewind: number
  /** Whether the server's function subscribes to its channels, instead of a source that is merged. */
  readonly isSubscribing: boolean
}

/** Records all that it receives, from whichever node it is connected to. */
export class RecordingClient extends ResumingClient implements Transcript {
  readonly wish: Wish
  readonly seen: Seen[] = []

  /** @param nextPort the node that it connects to, each time */
  constructor(wish: Wish, nextPort: () => number) {
    super(() => urlOf(wish, nextPort()), 50)
    this.wish = wish
  }

  get channels(): readonly string[] {
    return this.wish.channels
  }

  get every(): number {
    return this.wish.every
  }

  /** The events that it has received, with the ids that they have in their channels. */
  get events(): (Stored & { readonly channel: string })[] {
    return this.seen.flatMap((seen) => {
      if (seen.kind !== 'event') return []
      const { channel, number, id } = seen
      return [{ channel, number, id: partOf(id, channel, this) }]
    })
  }

  /** Whether it has received these events, as far as they are of its channels. */
  hasAll(numbers: ReadonlyMap<string, number>): boolean {
    const received = new Set(this.events.map(({ number }) => number))
    return this.channels.every((channel) => received.has(numbers.get(channel) ?? Number.NaN))
  }

  protected override opened(status: number, lastEventId: string): void {
    this.seen.push({ kind: 'opened', status, lastEventId })
  }

  protected override receive({ id = '', event, data }: EventSourceMessage): void {
    if (event === 'sse-checkpoint') this.seen.push({ kind: 'checkpoint', id })
    else if (event === 'sse-gap') {
      const { channel = this.channels[0] } = JSON.parse(data)
      this.seen.push({ kind: 'gap', id, channel })
    } else {
      const { channel, number } = JSON.parse(data) as Payload
      this.seen.push({ kind: 'event', id, channel, number })
    }
  }
}

function urlOf({ channels, every, rewind, isSubscribing }: Wish, port: number): string {
  const query = new URLSearchParams(channels.map((channel) => ['channel', channel]))
  query.set('every', String(every))
  query.set('rewind', String(rewind))
  if (isSubscribing) query.set('subscribing', '')
  return `http://127.0.0.1:${port}/?${query}`
}
