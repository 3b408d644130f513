import { afterEach, expect, test } from '@jest/globals'
import { Crowd } from './clients/crowd.js'
import { Child } from './stress/child.js'
import type { ChannelName, StalledCommands } from './stress/stalled-server.js'
import { isFullStress } from './stress.js'

/**
 * A minute of a thousand events a second, or fewer: a server that queued them would hold 60 MB or 5 MB for each reader,
 * or 350 KB if the queue only refers to shared events.
 */
const EVENTS = isFullStress ? 60_000 : 5_000
const STALLED = 100
const READING = 20

const KIB = 1024
const MIB = 1024 * KIB

let child: Child<StalledCommands>
const crowds: Crowd[] = []
afterEach(async () => {
  for (const crowd of crowds.splice(0)) crowd.leave()
  await child.end()
})

/** A channel of the child, and crowds that read it. */
class CrowdedChannel {
  readonly #name: ChannelName
  readonly #url: string
  /** The clients that always read. */
  readonly reading: Crowd

  private constructor(name: ChannelName, url: string, reading: Crowd) {
    this.#name = name
    this.#url = url
    this.reading = reading
  }

  static async open(name: ChannelName): Promise<CrowdedChannel> {
    child = await Child.start<StalledCommands>('stalled-server')
    const url = `http://127.0.0.1:${await child.call('listen')}/${name}`
    return new CrowdedChannel(name, url, await join(name, `${url}/reading`, READING))
  }

  /** Clients that will stop reading. They have not read much yet, so the kernel has small buffers for them. */
  async stalling(): Promise<Crowd> {
    const crowd = await join(this.#name, `${this.#url}/stalling`, STALLED)
    await crowd.everybodyHas(await this.broadcast(1, KIB))
    return crowd
  }

  /** Broadcasts `count` numbers of this size; resolves to the last one, once the clients that read have it. */
  async broadcast(count: number, bytes: number): Promise<number> {
    // No more at once than the history holds, since sockets may be full for a while.
    const most = Math.ceil((512 * KIB) / bytes)
    let last = 0
    for (let left = count; left > 0; left -= most) {
      last = await child.call('broadcast', this.#name, Math.min(left, most), bytes)
      await this.reading.everybodyHas(last)
    }
    return last
  }

  /** Broadcasts until the sockets of all stalled clients are full, or cut. */
  async fill(): Promise<void> {
    while ((await child.call('fullCount')) + (await child.call('slowCount')) < STALLED)
      await this.broadcast(8, 64 * KIB)
  }
}

async function join(name: ChannelName, url: string, size: number): Promise<Crowd> {
  const there = await child.call('subscriberCount', name)
  const crowd = new Crowd(size, url)
  crowds.push(crowd)
  while ((await child.call('subscriberCount', name)) < there + size);
  return crowd
}

test(`a server holds less than 16 MiB for ${STALLED} readers that stall, however much is broadcast`, async () => {
  const channel = await CrowdedChannel.open('patient')
  // So that the server has already allocated the memory that it needs for the clients that read.
  await channel.broadcast(64, 64 * KIB)
  await channel.broadcast(2_000, KIB)
  const stalling = await channel.stalling()
  const before = await child.call('measure')
  stalling.pause()
  await channel.fill()
  const last = await channel.broadcast(EVENTS, KIB)
  const after = await child.call('measure')
  expect(await child.call('fullCount')).toBe(STALLED)
  expect(after.heapBytes - before.heapBytes).toBeLessThan(16 * MIB)
  expect(after.residentBytes - before.residentBytes).toBeLessThan(16 * MIB)
  stalling.resume()
  await stalling.everybodyHas(last)
  expect([...channel.reading.faults(last), ...stalling.faults(last)]).toEqual([])
  expect([channel.reading.gaps, stalling.gaps]).toEqual([0, STALLED])
})

test.each<[what: string, name: ChannelName, gaps: number]>([
  ['gets every event from a long history', 'keeping', 0],
  ['gets a gap from a short history', 'forgetting', STALLED],
])(
  'each client that stalls is disconnected as slow, reconnects with its last event id, and %s',
  async (_what, name, gaps) => {
    const channel = await CrowdedChannel.open(name)
    const stalling = await channel.stalling()
    stalling.pause()
    await channel.fill()
    while ((await child.call('slowCount')) < STALLED) await channel.broadcast(1, KIB)
    const last = await channel.broadcast(20, KIB)
    stalling.resume()
    await stalling.everybodyHas(last)
    expect([...channel.reading.faults(last), ...stalling.faults(last)]).toEqual([])
    expect([channel.reading.gaps, stalling.gaps]).toEqual([0, gaps])
    expect(channel.reading.reconnects).toBe(0)
    // On a busy machine a client may be too slow again after it has reconnected.
    for (const { reconnects } of stalling.readers) expect(reconnects).toBeGreaterThanOrEqual(1)
  },
)
