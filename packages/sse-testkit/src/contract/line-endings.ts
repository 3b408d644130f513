import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { takeNews } from './take-events.js'

/** The `eol` option: a stream uses one line ending throughout. */
export function lineEndingScenarios({ scenario }: Script): void {
  for (const eol of ['\n', '\r\n', '\r'] as const) {
    scenario(`with eol ${JSON.stringify(eol)} every line of the stream ends with it`, async (stage) => {
      const channel = new SseChannel('news')
      await channel.broadcast('retained')
      const served = await stage.serve(({ sse }) =>
        sse(channel, { eol, heartbeatMs: 20, heartbeat: () => ({ comment: 'still\nhere' }) }),
      )
      const fresh = await served.open()
      const behind = await served.resume('unknown')
      await subscribed(channel, 2)
      await channel.broadcast({ event: 'lines', data: 'a\nb\r\nc\rd', comment: 'x\ry' })
      for (const reader of [fresh, behind]) {
        const last = (await takeNews(reader, reader === fresh ? 1 : 3)).at(-1)
        assert.equal(last?.data, 'a\nb\nc\nd')
        await reader.until(() => reader.comments.includes('still'), 'a heartbeat')
        const others = eol === '\n' ? /\r/ : eol === '\r' ? /\n/ : /\r(?!\n)|(?<!\r)\n/
        assert.doesNotMatch(reader.text, others)
        assert.deepEqual(reader.mistakes, [])
      }
    })
  }
}
