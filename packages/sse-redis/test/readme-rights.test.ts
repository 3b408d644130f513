import { readFile } from 'node:fs/promises'
import { afterEach, expect, test } from '@jest/globals'
import { everyClient, Stage } from './stage.js'

let stage: Stage
afterEach(() => stage.end())

test.each(everyClient)(
  '%s: a user with the ACL rules that the README lists can publish, subscribe, read and end',
  async (_name, connect) => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
    const rights = /^`(~ssekit:.*)`$/m.exec(readme)?.[1]?.split(' ') ?? []
    expect(rights.length).toBeGreaterThan(10)
    stage = await Stage.open(connect)
    // Commands that the clients themselves send when they connect.
    const own = ['+@connection', '+info', '+client', '+hello', '+select', '+ping']
    await stage.redis.ask('ACL', 'SETUSER', 'app', 'on', '>secret', 'resetchannels', ...rights, ...own)
    const { client, close } = await connect(`redis://app:secret@127.0.0.1:${stage.redis.port}`)
    try {
      const node = stage.nodeOf(client, { compareMs: 50, history: { maxEvents: 10, maxAgeMs: 60_000 } })
      const loop = await stage.listen(node, 'news')
      const first = await node.backplane.publish('news', { event: { data: 1 } })
      await node.backplane.publish('news', { event: { data: 2, id: 'own' } })
      await loop.receives(2)
      expect(await node.backplane.read('news', first, 10)).toHaveLength(1)
      expect(await node.backplane.read('news', 'own', 10)).toEqual([])
      await node.backplane.publish('news', { end: true })
      const endless = stage.nodeOf(client, { history: { maxAgeMs: Number.POSITIVE_INFINITY } })
      await endless.backplane.publish('kept', { event: { data: 3 } })
    } finally {
      close()
    }
  },
)
