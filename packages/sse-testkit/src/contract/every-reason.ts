import { strict as assert } from 'node:assert'
import type { CloseReason } from '@ssekit/sse-core'
import { within } from '../time-limit.js'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import type { Route } from './subject.js'

/** Every reason for which a stream ends, on one manager. */
export function everyReasonScenarios({ scenario, traits }: Script): void {
  scenario(
    'every close reason is reported once to onClose, by the promise of sse() and in manager.stats()',
    async (stage) => {
      const manager = stage.manager({ maxConnectionsPerKey: 1, maxBufferedBytes: 10_000 })
      const channel = manager.getOrCreate('news')
      const controller = new AbortController()
      const failure = new Error('of the source')
      const calls: [path: string, reason: CloseReason][] = []
      // A new reason must be added here, or this does not compile.
      const routes: Record<CloseReason, Route> = {
        client: ({ sse }) => sse(channel, telling('client')),
        end: ({ sse }) => sse(['all'], telling('end')),
        error: ({ sse }) =>
          sse((connection) => {
            connection.open()
            throw failure
          }, telling('error')),
        slow: ({ sse }) =>
          sse((connection) => {
            while (connection.closeReason === undefined) void connection.send('more than the socket takes at once')
          }, telling('slow')),
        limit: ({ sse }) => sse(channel, { key: 'taken', ...telling('limit') }),
        age: ({ sse }) => sse(channel, { maxConnectionAgeMs: 10, ...telling('age') }),
        kicked: ({ sse }) => sse(channel, { key: 'taken', ...telling('kicked') }),
        shutdown: ({ sse }) => sse(channel, telling('shutdown')),
        aborted: ({ sse }) => sse(channel, { signal: controller.signal, ...telling('aborted') }),
      }
      function telling(path: string) {
        return { onClose: (reason: CloseReason) => calls.push([path, reason]) }
      }
      const served = await stage.serve(
        Object.fromEntries(Object.entries(routes).map(([path, route]) => [`/${path}`, route])),
        { manager },
      )
      const stays = [await served.open('/shutdown'), await served.open('/kicked'), await served.open('/aborted')]
      const leaves = await served.open('/client')
      await subscribed(channel, 4)
      served.start('/slow')
      // The error comes last: Express then destroys the connection, which the client might be about to reuse.
      for (const path of ['/limit', '/end', '/age', '/error']) {
        assert.equal(await (await served.open(path)).end(), 'complete')
      }
      leaves.abort()
      controller.abort()
      assert.equal(
        manager.disconnect(({ key }) => key === 'taken'),
        1,
      )
      const every = Object.keys(routes).sort()
      await eventually(() => calls.length === every.length - 1, 'all but the shutdown')
      await within(manager.close(), 'close()')
      for (const reader of stays) assert.equal(await reader.end(), 'complete')

      assert.deepEqual(
        [...calls].sort(),
        every.map((reason) => [reason, reason]),
      )
      for (const request of served.requests) {
        const reason = request.req.url?.slice(1) as CloseReason
        const isThrown = reason === 'error' && traits.errors === 'reject'
        assert.deepEqual(await request.outcome(), isThrown ? { error: failure } : { reason })
      }
      assert.deepEqual(manager.stats().closed, Object.fromEntries(every.map((reason) => [reason, 1])))
    },
  )
}
