// Compiled, never run: every line under `@ts-expect-error` is a mistake that must not compile.
import {
  type CloseReason,
  injectChannel,
  merge,
  type SentEvent,
  type SseChannel,
  SseManager,
  type SseMiddleware,
  sse,
  sseManager,
} from '@ssekit/express-sse'
import express from 'express'

const app = express()
const router = express.Router()
const shop = sseManager.getOrCreate<{ order: number }>('shop')

app.use(sse())
app.use(sse({ manager: new SseManager() }))
router.use(sse({ manager: undefined }))

app.get('/channel', async (_req, res) => {
  const reason: CloseReason = await res.sse(shop)
  const merged: CloseReason = await res.sse(merge(shop, shop.listen()))
  void [reason, merged]
})
router.get('/function', (_req, res) => res.sse((connection) => connection.send('x'), { heartbeatMs: 0, rewind: 3 }))
app.get(
  '/rooms/:room',
  injectChannel(({ params }) => String(params.room)),
  (req, res) => {
    const channel: SseChannel = req.sseChannel
    void res.sse(channel)
  },
)
// The following handlers have the parameters of their path, and the other types of the route.
app.get(
  '/rooms/:room',
  injectChannel(({ params }) => params.room),
  (req, res) => {
    const room: string = req.params.room
    // @ts-expect-error no such parameter
    void req.params.rom
    res.send(room)
  },
)
router.post<{ room: string }, string, { text: string }, { page: number }>(
  '/rooms/:room',
  injectChannel<{ room: string }>(({ params }) => params.room.trim()),
  (req, res) => {
    const page: number = req.query.page
    res.send(`${req.params.room} ${req.body.text} ${page}`)
  },
)
const typedHandler: express.RequestHandler<{ room: string }> = (req, res) => res.sse(req.sseChannel)
const kept: express.RequestHandler = injectChannel('room')
app.get(
  '/rooms/:room',
  [kept, injectChannel((req: express.Request<{ room: string }>) => req.params.room)],
  typedHandler,
)
// The name may come from wherever the types of the route say.
interface User {
  readonly id: string
}
app.get<{ room: string }, unknown, { tag: string }, { tag: string }, { user: User }>(
  '/typed/:room',
  injectChannel(
    (req: express.Request<{ room: string }, unknown, { tag: string }, { tag: string }, { user: User }>) =>
      `${req.params.room}:${req.query.tag}:${req.body.tag}:${req.res?.locals.user.id}`,
  ),
  (req, res) => res.sse(req.sseChannel),
)
const middleware: SseMiddleware = sse()
app.use(middleware)
app.get('/filtered', (_req, res) =>
  res.sse(shop, { filter: (event: SentEvent<{ order: number }>) => event.event === 'order' && event.data > 1 }),
)
app.use('/rooms', injectChannel('room'))
app.get('/room', injectChannel('room', { history: { maxEvents: 3 }, manager: sseManager }))

app.get('/wrong', (_req, res) => {
  // @ts-expect-error a string is not a source
  void res.sse('text')
  // @ts-expect-error a source is required
  void res.sse()
  // @ts-expect-error an unknown option
  void res.sse(shop, { heartbeat: 5 })
  // @ts-expect-error not an option; the manager is that of sse()
  void res.sse(shop, { manager: sseManager })
  // @ts-expect-error set by the adapter itself
  void res.sse(shop, { onHead: () => {} })
})
// @ts-expect-error a manager is not an options object
app.use(sse(sseManager))
// @ts-expect-error a channel has a name
app.use(injectChannel())
// @ts-expect-error a name is a string
app.use(injectChannel(() => 7))
