import type { Packet } from './packet.js'

/** What reads channels for a connection: one subscription, or several and what they have in common. */
export interface Reading {
  /** Writes what is new, until the socket is full. */
  pump(): void
  close(): void
  /** Whether it is writing right now: a filter that it has called asks. */
  readonly isPumping: boolean
  /** Whether a log has something that was not written yet. */
  readonly hasMore: boolean
  /** Whether filters let events pass by that the client's last event id does not know of. */
  readonly hasUnsent: boolean
  /** Moves the client's last event id to where the cursors are; undefined if it may not or cannot be moved. */
  checkpoint(): Packet | undefined
}
