import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import { Http2Client } from '../faults/http2-client.js'
import { faults } from '../faults.js'
import type { EventReader } from '../reader.js'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import type { Served, Stage } from './stage.js'
import { takeData } from './take-events.js'

/** HTTP/2 streams that are reset: one, hundreds, or all with their connection. */
export function http2ResetScenarios({ scenario, traits }: Script): void {
  if (traits.httpVersion !== 2) return

  scenario('a stream that is reset right after its headers counts as a disconnect', async (stage) => {
    const busy = await Busy.start(stage)
    const { client } = await faults.http2Reset(busy.served.url)
    await busy.assertAlone()
    client.destroy()
  })

  // Node treats more than a thousand at once as an attack, and closes the connection.
  for (const count of [300, 1_500]) {
    scenario(`${count} streams that are reset as soon as they are opened leave nothing behind`, async (stage) => {
      const busy = await Busy.start(stage)
      const client = await faults.http2RapidReset(busy.served.url, count)
      await busy.assertAlone()
      client.destroy()
    })
  }

  scenario('a connection reset ends its own streams, and no others', async (stage) => {
    const busy = await Busy.start(stage)
    const client = new Http2Client(busy.served.url)
    await Promise.all([client.open('/'), client.open('/'), client.open('/')])
    await subscribed(busy.channel, 4)
    client.reset()
    await busy.assertAlone()
  })
}

/** A server with one client that stays connected while others misbehave. */
class Busy {
  readonly channel: SseChannel
  readonly served: Served
  readonly #stage: Stage
  readonly #reader: EventReader

  private constructor(stage: Stage, channel: SseChannel, served: Served, reader: EventReader) {
    this.channel = channel
    this.served = served
    this.#stage = stage
    this.#reader = reader
  }

  static async start(stage: Stage): Promise<Busy> {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }))
    const reader = await served.open()
    await subscribed(channel)
    return new Busy(stage, channel, served, reader)
  }

  /** Fails unless the others count as clients that disconnected, and the one that stays has noticed nothing. */
  async assertAlone(): Promise<void> {
    const { channel, served } = this
    await eventually(
      () => served.requests.length > 1 && served.manager.stats().connections === 1,
      'the others to be gone',
    )
    await subscribed(channel)
    for (const request of served.requests.slice(1)) assert.deepEqual(await request.outcome(), { reason: 'client' })
    assert.deepEqual([this.#stage.errors, served.reported], [[], []])
    await channel.broadcast('still here')
    assert.deepEqual(await takeData(this.#reader, 1), ['still here'])
  }
}
