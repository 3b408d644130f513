import { strict as assert } from 'node:assert'
import { faults } from '../faults.js'
import { BIG } from './full-socket.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { takeData } from './take-events.js'

/** Clients that vanish, on connections that stay open. */
export function vanishingScenarios({ scenario, traits }: Script): void {
  scenario(
    'a client whose machine has vanished is disconnected as slow once heartbeats fill its socket',
    async (stage) => {
      const manager = stage.manager({ writeTimeoutMs: 200 })
      const channel = manager.getOrCreate('news')
      const served = await stage.serve(
        {
          '/gone': ({ sse }) => sse(channel, { heartbeatMs: 5, heartbeat: () => ({ comment: BIG }) }),
          '/here': ({ sse }) => sse(channel, { checkpoints: false }),
        },
        { manager },
      )
      await served.ending(faults.vanish(`${served.url}/gone`, traits.httpVersion))
      const request = await served.request()
      const reader = await served.open('/here')
      await subscribed(channel, 2)
      assert.deepEqual(await request.outcome(), { reason: 'slow' })
      assert.equal(channel.subscriberCount, 1)
      assert.deepEqual(manager.stats(), { ...manager.stats(), connections: 1, closed: { slow: 1 } })
      assert.deepEqual([stage.errors, served.reported], [[], []])
      await channel.broadcast('still here')
      assert.deepEqual(await takeData(reader, 1), ['still here'])
    },
  )
}
