import type { Head } from './backlog.js'
import type { StoredMessage } from './messages.js'

/** The newest `last` messages, fewer if they are more than `maxBytes`, but one; of those before `end` if there is one. */
export function newestHeads(
  heads: readonly Head[],
  last: number,
  maxBytes: number,
  end: number | undefined = Number.POSITIVE_INFINITY,
): readonly Head[] {
  const wanted = heads.filter(({ sequence }) => sequence < end)
  return within(wanted, maxBytes, ({ size }) => size).slice(-last)
}

/** The newest messages, as many as fit into `maxBytes`, but one. */
export function newestWithin(messages: readonly StoredMessage[], maxBytes: number): readonly StoredMessage[] {
  return within(messages, maxBytes, ({ data }) => data.length)
}

function within<T>(all: readonly T[], maxBytes: number, sizeOf: (each: T) => number): readonly T[] {
  let bytes = 0
  let start = all.length
  for (; start > 0; start--) {
    bytes += sizeOf(all[start - 1] as T)
    if (bytes > maxBytes && start < all.length) break
  }
  return all.slice(start)
}
