import { strict as assert } from 'node:assert'
import { takeData } from './news.js'
import type { Script } from './scenario.js'

/** `injectChannel()`: middleware that chooses the channel of a request. */
export function injectionScenarios({ scenario, traits }: Script): void {
  if (!traits.injectsChannels) return

  scenario('a channel is injected by name, from the manager of the adapter', async (stage) => {
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

  scenario('a channel is injected by what the request says', async (stage) => {
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

  scenario('the manager of an injected channel may be another one', async (stage) => {
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

  scenario('a name that cannot be found is answered by the framework', async (stage) => {
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

  scenario('a request in which there is no name is an error of the framework, and makes no channel', async (stage) => {
    const manager = stage.manager({ maxChannels: 0 })
    const served = await stage.serve(() => assert.fail('the route was reached'), {
      manager,
      injectChannel: { name: () => undefined },
    })
    assert.equal((await served.open()).status, 500)
    assert.equal(served.reported[0] instanceof TypeError, true)
    assert.deepEqual(manager.listChannels(), [])
  })

  scenario('options of injectChannel() that are undefined are not asked of a channel that is there', async (stage) => {
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
    'options that differ from those of the channel that is there are an error of the framework',
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
