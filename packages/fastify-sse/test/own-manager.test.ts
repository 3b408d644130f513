import { sse, sseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'
import { listen } from '../../sse-testkit/test/network/listen.js'
import { testOwnManager } from '../../sse-testkit/test/subjects/own-manager.js'

testOwnManager(sseManager, async ({ manager, source, filter }) => {
  const app = Fastify()
  await app.register(sse, { manager })
  app.get('/', (_request, reply) => reply.sse(source, { filter }))
  await app.ready()
  return listen(app.server)
})
