import { type SseChannel, SseError, SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const manager = new SseManager({ maxChannels: 2 })
const app: Express = express()
app.use(sse({ manager }))

/** A stand-in for a table of rooms: the names of those that exist. */
const rooms = new Set(['1', '2', '3'])

// #region rooms
/** A room's channel; undefined if there are too many. */
function roomOf(name: string): SseChannel | undefined {
  try {
    return manager.getOrCreate(`room:${name}`)
  } catch (error) {
    if (error instanceof SseError && error.code === 'ERR_SSE_LIMIT') return undefined
    throw error
  }
}

app.get('/rooms/:room', (req, res) => {
  const { room } = req.params
  if (rooms.has(room)) {
    // An EventSource never reconnects after a 503, so it is told to reconnect in half a minute.
    return res.sse(roomOf(room) ?? [{ retry: 30_000 }])
  }
  // Without this check, anybody could use up `maxChannels` with made-up names.
  return res.sendStatus(404)
})

// #endregion rooms

export { app }
