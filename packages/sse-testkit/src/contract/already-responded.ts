import { strict as assert } from 'node:assert'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import type { Served, Stage } from './stage.js'

/** A response that other code has begun is not changed, however the framework reacts to the error. */
export function alreadyRespondedScenarios({ scenario, traits }: Script): void {
  if (traits.api === 'fetch') return

  scenario(
    'sse() on a response that has already ended reports ERR_SSE_HEADERS_SENT and changes nothing',
    async (stage) => {
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
      await assertReportedOnce(stage, served)
    },
  )

  scenario(
    'a second sse() call before the headers are sent is refused, and the first stream continues',
    async (stage) => {
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
      await assertReportedOnce(stage, served)
    },
  )

  scenario('a second sse() call on an open stream is refused, and the first stream continues', async (stage) => {
    const channel = stage.manager().getOrCreate('news')
    const served = await stage.serve(({ sse }) => {
      void sse(channel, { checkpoints: false })
      return sse(['yours'])
    })
    const reader = await served.open()
    await assertReportedOnce(stage, served)
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
async function assertReportedOnce(stage: Stage, { reported }: Served): Promise<void> {
  const codes = (): unknown[] => [...reported, ...stage.errors].map((error) => (error as { code?: string }).code)
  await eventually(() => codes().length > 0, 'the error')
  assert.deepEqual(codes(), ['ERR_SSE_HEADERS_SENT'])
}
