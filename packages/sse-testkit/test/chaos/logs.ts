import type { Node } from './node.js'
import { patiently } from './patiently.js'
import type { Accepted } from './publications.js'
import { RecordingClient } from './recording-client.js'
import type { Stored } from './transcript.js'

/** The events of each channel, in the order of its log. */
export type Logs = ReadonlyMap<string, readonly Stored[]>

/**
 * Reads the logs as a broker has them.
 *
 * @param node one that was started just now, and has no log of its own
 * @param last the last event of each channel
 */
export async function readLogs(node: Node, last: ReadonlyMap<string, number>): Promise<Logs> {
  const readers = [...last.keys()].map(
    (channel) =>
      new RecordingClient({ channels: [channel], every: 1, rewind: 1e6, isSubscribing: false }, () => node.port),
  )
  try {
    await patiently(() => readers.every((reader) => reader.hasAll(last)))
    return new Map(readers.map((reader) => [reader.channels[0] ?? '', reader.events]))
  } finally {
    for (const reader of readers) reader.leave()
  }
}

/**
 * The logs as far as they are known from publishers and clients, if a broker no longer has them.
 *
 * @param inOrder compares the ids of two events
 */
export function reconstructLogs(
  accepted: readonly Accepted[],
  clients: readonly RecordingClient[],
  inOrder: (a: string, b: string) => number,
): Logs {
  const ids = new Map<string, Map<number, Set<string>>>()
  const note = ({ channel, number, id }: Accepted): void => {
    const ofChannel = ids.get(channel) ?? new Map<number, Set<string>>()
    ids.set(channel, ofChannel)
    ofChannel.set(number, (ofChannel.get(number) ?? new Set()).add(id))
  }
  for (const event of [...accepted, ...clients.flatMap(({ events }) => events)]) note(event)
  return new Map([...ids].map(([channel, ofChannel]) => [channel, sorted(ofChannel, inOrder)]))
}

function sorted(ids: ReadonlyMap<number, ReadonlySet<string>>, inOrder: (a: string, b: string) => number): Stored[] {
  const known = [...ids].flatMap(([number, [id, another]]) => {
    // A broker that has lost an event stores it again, if its publisher got no answer and repeats it: it has no one place.
    return id === undefined || another !== undefined ? [] : [{ number, id }]
  })
  return known.sort((a, b) => inOrder(a.id, b.id))
}

/** Where a log has an event twice, or not as it was accepted. */
export function flawsOf(logs: Logs, accepted: readonly Accepted[]): string[] {
  const flaws: string[] = []
  for (const [channel, log] of logs) {
    const ids = new Map(log.map(({ number, id }) => [number, id]))
    if (ids.size < log.length) flaws.push(`${channel} has events twice`)
    for (const event of accepted)
      if (event.channel === channel && ids.get(event.number) !== event.id)
        flaws.push(`${channel}: ${JSON.stringify(event)} was accepted, and has the id ${ids.get(event.number)}`)
  }
  return flaws
}
