import cookie from '@fastify/cookie'
import sse, { type SseConnection, SseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'
import { sessions } from './sessions.js'

const manager = new SseManager()
const app = Fastify({ return503OnClosing: false })
await app.register(cookie)
await app.register(sse, { manager })

/** A stand-in for a database of sessions. */
const database = {
  find: async (session: string): Promise<string | undefined> => sessions.get(session),
  remove: async (session: string): Promise<void> => void sessions.delete(session),
}

// #region session
interface Login {
  readonly session: string
}

app.get('/notifications', (request, reply) => {
  const { session = '' } = request.cookies
  const context: Login = { session }
  return reply.sse(
    async () => {
      const user = await database.find(session)
      if (user === undefined) throw Object.assign(new Error('log in first'), { statusCode: 401 })
      return manager.getOrCreate(`user:${user}`)
    },
    { context },
  )
})

async function logOut(session: string): Promise<number> {
  await database.remove(session)
  return manager.disconnect(({ context }: SseConnection<Login | undefined>) => context?.session === session)
}

// #endregion session

export { app, database, logOut, manager }
