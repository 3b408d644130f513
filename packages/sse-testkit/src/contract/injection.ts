import { strict as assert } from 'node:assert'
import type { Script } from './scenario.js'
import { takeData } from './take-events.js'

/** `injectChannel()`: middleware that chooses the channel of a request. */
export function injectionScenarios({ scenario, traits }: Script): void {
  if (!traits.injectsChannels) return

  scenario('injectChannel() gets a channel by name, from the manager of the adapter', async (stage) => {
    const manager = stage.manager()
    const served = await stage.serve(
      ({ sse, injectedChannel }) => sse(injectedChannel ?? assert.fail('no channel'), { checkpoints: false }),
      { manager, injectChannel: { name: 'news' } },
    )
    const reader = await served.open()
    assert.deepEqual(manager.listChannels(), ['news'])
    await manager.getOrCreate('news').broadcast('one')
    assert.deepEqual(await takeData(reader, 1), ['one'])
  })

  scenario('injectChannel() can derive the name of the channel from the request', async (stage) => {
    const manager = stage.manager()
    const served = await stage.serve(
      {
        '/red': ({ sse, injectedChannel }) => sse(injectedChannel ?? assert.fail('no channel'), { checkpoints: false }),
        '/blue': ({ sse, injectedChannel }) =>
          sse(injectedChannel ?? assert.fail('no channel'), { checkpoints: false }),
      },
      { manager, injectChannel: { name: (path) => `room${path}` } },
    )
    const [red, blue] = [await served.open('/red'), await served.open('/blue')]
    await manager.getOrCreate('room/red').broadcast('for red')
    await manager.getOrCreate('room/blue').broadcast('for blue')
    assert.deepEqual(await takeData(red, 1), ['for red'])
    assert.deepEqual(await takeData(blue, 1), ['for blue'])
    assert.deepEqual(manager.listChannels().sort(), ['room/blue', 'room/red'])
  })

  scenario("injectChannel() can use another manager than the adapter's", async (stage) => {
    const [manager, other] = [stage.manager(), stage.manager()]
    const served = await stage.serve(
      ({ sse, injectedChannel }) => sse(injectedChannel ?? assert.fail('no channel'), { checkpoints: false }),
      { manager, injectChannel: { name: 'news', manager: other } },
    )
    const reader = await served.open()
    await other.getOrCreate('news').broadcast('one')
    assert.deepEqual(await takeData(reader, 1), ['one'])
    assert.deepEqual(manager.listChannels(), [])
    assert.equal(manager.stats().connections, 1)
  })

  scenario('an error of the name function is answered by the framework, and the route is not called', async (stage) => {
    const error = Object.assign(new Error('who are you?'), { status: 401, statusCode: 401 })
    const served = await stage.serve(() => assert.fail('the route was reached'), {
      injectChannel: {
        name: () => {
          throw error
        },
      },
    })
    assert.equal((await served.open()).status, 401)
    assert.deepEqual(served.reported, [error])
  })

  scenario('a name function that returns undefined is answered with 500, and creates no channel', async (stage) => {
    const manager = stage.manager({ maxChannels: 0 })
    const served = await stage.serve(() => assert.fail('the route was reached'), {
      manager,
      injectChannel: { name: () => undefined },
    })
    assert.equal((await served.open()).status, 500)
    assert.equal(served.reported[0] instanceof TypeError, true)
    assert.deepEqual(manager.listChannels(), [])
  })

  scenario('undefined options of injectChannel() do not conflict with those of an existing channel', async (stage) => {
    const manager = stage.manager()
    const news = manager.getOrCreate('news', { history: { maxEvents: 1 } })
    const served = await stage.serve(
      ({ sse, injectedChannel }) => sse(injectedChannel ?? assert.fail('no channel'), { checkpoints: false }),
      { manager, injectChannel: { name: 'news', history: undefined } },
    )
    const reader = await served.open()
    await news.broadcast('one')
    assert.deepEqual(await takeData(reader, 1), ['one'])
  })

  scenario(
    'options of injectChannel() that differ from those of an existing channel are answered with 500',
    async (stage) => {
      const manager = stage.manager()
      manager.getOrCreate('news', { history: { maxEvents: 1 } })
      const served = await stage.serve(() => assert.fail('the route was reached'), {
        manager,
        injectChannel: { name: 'news', history: { maxEvents: 2 } },
      })
      assert.equal((await served.open()).status, 500)
      assert.equal(served.reported[0] instanceof TypeError, true)
    },
  )
}
