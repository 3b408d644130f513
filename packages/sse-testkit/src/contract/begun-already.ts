import { strict as assert } from 'node:assert'
import { SseError } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import type { Served, Stage } from './stage.js'

/** Responses that other code has begun are left to it, however the framework reacts to the error. */
export function begunAlreadyScenarios({ scenario }: Script): void {
  scenario('a response that is complete already is left alone', async (stage) => {
    const served = await stage.serve(({ sse, res }) => {
      res.statusCode = 200
      res.setHeader('content-type', 'text/plain')
      res.end('mine')
      return sse(['yours'])
    })
    const reader = await served.open()
    await reader.end()
    assert.equal(reader.text, 'mine')
    await (await served.request()).outcome()
    await isHeardOfOnce(stage, served)
  })

  scenario('a source that fails for what has begun elsewhere is answered as for any other error', async (stage) => {
    const served = await stage.serve(({ sse }) =>
      sse(() => {
        throw new SseError('ERR_SSE_HEADERS_SENT', 'another response has begun')
      }),
    )
    const reader = await served.open()
    await reader.end()
    assert.equal(reader.status, 500)
  })

  scenario('a stream that has yet to begin goes on when its route asks for another one', async (stage) => {
    const served = await stage.serve(async ({ sse }) => {
      let begin: (() => void) | undefined
      const hasAsked = new Promise<void>((resolve) => {
        begin = resolve
      })
      const first = sse(async (connection) => {
        await hasAsked
        await connection.send('mine')
      })
      const second = sse(['yours'])
      const outcome = await second.catch(() => 'refused')
      begin?.()
      await first
      return outcome === 'refused' ? second : first
    })
    const reader = await served.open()
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(
      reader.events.map(({ data }) => data),
      ['mine'],
    )
    await isHeardOfOnce(stage, served)
  })

  scenario('a stream goes on when its route asks for another one on the same response', async (stage) => {
    const channel = stage.manager().getOrCreate('news')
    const served = await stage.serve(({ sse }) => {
      void sse(channel, { checkpoints: false })
      return sse(['yours'])
    })
    const reader = await served.open()
    await isHeardOfOnce(stage, served)
    await channel.broadcast('mine')
    await channel.end()
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(
      reader.events.map(({ data }) => data),
      ['mine'],
    )
  })
}

/** Which of the two gets it depends on the framework: some would end the response if they got the error. */
async function isHeardOfOnce(stage: Stage, { reported }: Served): Promise<void> {
  const heard = (): unknown[] => [...reported, ...stage.errors].map((error) => (error as { code?: string }).code)
  await eventually(() => heard().length > 0, 'the error')
  assert.deepEqual(heard(), ['ERR_SSE_HEADERS_SENT'])
}
