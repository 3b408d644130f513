import type { IncomingMessage } from 'node:http'
import Router from '@koa/router'
import { merge, type SseChannel, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'
import { rooms } from './rooms.js'
import { sessions } from './sessions.js'

// #region rooms
// A room that is in use takes two of the channels.
const manager = new SseManager({ maxChannels: 2_000, maxConnectionsPerKey: 6 })

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

/** Two channels: what is said in a room, and who is there. Undefined if there is no such room. */
function roomOf(name = ''): { said: SseChannel; here: SseChannel } | undefined {
  if (!rooms.has(name)) return undefined
  // Without the prefix, a room called `user:ann` would be Ann's notifications.
  const said = manager.getOrCreate(`room:${name}`)
  // Not in the history of the messages: clients that join and leave would soon evict what others have said.
  const here = manager.getOrCreate(`here:${name}`, { history: { maxEvents: 1 } })
  return { said, here }
}

router.get('/rooms/:room', (ctx) => {
  const room = roomOf(ctx.params.room)
  if (room === undefined) return ctx.throw(404)
  const { said, here } = room
  const { user } = ctx.state
  // `lastEventId: ''`: a client that reconnects needs no earlier lists of members, and gets no gap for them.
  const source = merge(said, here.listen({ lastEventId: '' }))
  return ctx.sse(source, { key: user, context: { user } satisfies Member, onClose: watch(here) })
})

router.post('/rooms/:room', async (ctx) => {
  const room = roomOf(ctx.params.room)
  if (room === undefined) return ctx.throw(404)
  // A page of another site can post a form or text with the cookie of its visitor, but not JSON.
  if (!ctx.is('json')) return ctx.throw(415)
  const body = await readBody(ctx.req, 4 * 1024)
  if (body === undefined) return ctx.throw(413)
  const text = textOf(body)
  if (text === undefined) return ctx.throw(400)
  await room.said.broadcast({ event: 'said', data: { user: ctx.state.user, text } })
  ctx.status = 204
})

/** The body of a request; undefined if it is longer than `maxBytes`. */
async function readBody(req: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req) {
    bytes += chunk.length
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The text of a message; undefined if it is none. */
function textOf(json: string): string | undefined {
  try {
    const { text } = JSON.parse(json)
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}
// #endregion rooms

// #region watch
interface Member {
  readonly user: string
}

const watches = new Map<SseChannel, { streams: number; stop(): void }>()

/** Tells everybody in a room who is there. Call the function that it returns when the stream is over. */
function watch(here: SseChannel): () => void {
  const current = watches.get(here) ?? begin(here)
  current.streams += 1
  return () => {
    current.streams -= 1
    if (current.streams === 0) current.stop()
  }
}

function begin(here: SseChannel): { streams: number; stop(): void } {
  const tell = (): void => {
    const users = new Set(here.listConnections<Member>().map(({ context }) => context.user))
    void here.broadcast({ event: 'here', data: { users: [...users], streams: here.subscriberCount } })
  }
  here.on('subscribe', tell).on('unsubscribe', tell)
  const watching = {
    streams: 0,
    stop() {
      // A channel with listeners counts as in use: it would take one of `maxChannels` forever.
      here.off('subscribe', tell).off('unsubscribe', tell)
      watches.delete(here)
    },
  }
  watches.set(here, watching)
  return watching
}

// #endregion watch

export { app, manager, watches }
