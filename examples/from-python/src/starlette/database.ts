import { sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'
import { type Database, openDatabase, type User } from './users.js'

const app = Fastify()
await app.register(sse)

const database: Database = openDatabase()

// #region database
async function* streamDatabaseResults(signal: AbortSignal): AsyncGenerator<unknown> {
  // Opened by the generator, not by the route, so it lives exactly as long as the stream.
  const session = await database.connect()
  try {
    for await (const row of session.select<User>('users', { signal })) {
      yield { data: row.name, id: String(row.id) }
    }
  } finally {
    // Runs once, whether the rows ended, the query failed, or the client disconnected.
    await session.close()
  }
}

app.get('/users', (_request, reply) => reply.sse(({ signal }) => streamDatabaseResults(signal)))

// #endregion database

export { app, database }
