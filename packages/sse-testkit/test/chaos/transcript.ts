/** What a client has seen, in order. */
export type Seen =
  | { readonly kind: 'opened'; readonly status: number; readonly lastEventId: string }
  | { readonly kind: 'event'; readonly id: string; readonly channel: string; readonly number: number }
  | { readonly kind: 'gap'; readonly id: string; readonly channel: string }
  | { readonly kind: 'checkpoint'; readonly id: string }

/** A client's request, and what became of it. */
export interface Transcript {
  /** The channels of its stream: one, or several whose ids are vectors. */
  readonly channels: readonly string[]
  /** Its filter: it wants the numbers that this divides. */
  readonly every: number
  readonly seen: readonly Seen[]
}

/** An event in the log of a channel. */
export interface Stored {
  readonly number: number
  readonly id: string
}

/** The position in one channel that an id names: the id of a stream of several channels has a part for each. */
export function partOf(id: string, channel: string, { channels }: Pick<Transcript, 'channels'>): string {
  return channels.length === 1 ? id : (id.split('~')[channels.indexOf(channel)] ?? '')
}
