import type { IncomingMessage } from 'node:http'
import Router from '@koa/router'
import { type SseChannel, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'
import { sessions } from './sessions.js'

// #region rooms
const manager = new SseManager({ maxChannels: 1_000, maxConnectionsPerKey: 6 })

const app = new Koa<{ user: string }>()
const router = new Router<{ user: string }>()
app.use(sse({ manager }))
app.use((ctx, next) => {
  const user = sessions.get(ctx.cookies.get('session') ?? '')
  if (user === undefined) return ctx.throw(401)
  ctx.state.user = user
  return next()
})
app.use(router.routes())

function roomOf(name = ''): SseChannel {
  // Without the prefix, a room called `user:ann` would be Ann's notifications.
  return manager.getOrCreate(`room:${name}`)
}

router.get('/rooms/:room', (ctx) => {
  const { user } = ctx.state
  const room = roomOf(ctx.params.room)
  return ctx.sse(room, { key: user, context: { user } satisfies Member, onClose: watch(room) })
})

router.post('/rooms/:room', async (ctx) => {
  const text = await readText(ctx.req, 4 * 1024)
  if (text === undefined) return ctx.throw(413)
  await roomOf(ctx.params.room).broadcast({ event: 'said', data: { user: ctx.state.user, text } })
  ctx.status = 204
})

/** The body of a request; undefined if it is longer than `maxBytes`. */
async function readText(req: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req) {
    bytes += chunk.length
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
// #endregion rooms

// #region watch
interface Member {
  readonly user: string
}

const watches = new Map<SseChannel, { streams: number; stop(): void }>()

/** Tells everybody in a room who is there. Call the function that it returns when the stream is over. */
function watch(room: SseChannel): () => void {
  const current = watches.get(room) ?? begin(room)
  current.streams += 1
  return () => {
    current.streams -= 1
    if (current.streams === 0) current.stop()
  }
}

function begin(room: SseChannel): { streams: number; stop(): void } {
  const tell = (): void => {
    const users = new Set(room.listConnections<Member>().map(({ context }) => context.user))
    void room.broadcast({ event: 'here', data: { users: [...users], streams: room.subscriberCount } })
  }
  room.on('subscribe', tell).on('unsubscribe', tell)
  const watching = {
    streams: 0,
    stop() {
      // A room with listeners counts as in use: it would take one of `maxChannels` forever.
      room.off('subscribe', tell).off('unsubscribe', tell)
      watches.delete(room)
    },
  }
  watches.set(room, watching)
  return watching
}

// #endregion watch

export { app, manager, watches }
