import { sse, sseManager } from '@ssekit/koa-sse'
import Koa from 'koa'
import { listen } from '../../sse-testkit/test/network/listen.js'
import { testOwnManager } from '../../sse-testkit/test/subjects/own-manager.js'

testOwnManager(sseManager, ({ manager, source, filter }) => {
  const app = new Koa()
  app.on('error', () => {})
  app.use(sse({ manager }))
  app.use((ctx) => ctx.sse(source, { filter }))
  return listen(app.callback())
})
