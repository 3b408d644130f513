import type { Packet } from './packet.js'

/** Reads channels for a connection: one subscription, or a group of several. */
export interface Reading {
  /** Writes what is new, until the socket is full. */
  pump(): void
  close(): void
  /** Whether it is writing right now, and the caller was itself called by a filter. */
  readonly isPumping: boolean
  /** Whether a log has something that was not written yet. */
  readonly hasMore: boolean
  /** Whether filters have held events back that the client's last event id does not cover. */
  readonly hasUnsent: boolean
  /** Moves the client's last event id to the position of the cursors; undefined if it may not or cannot be moved. */
  checkpoint(): Packet | undefined
}
