import { SseChannel, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

const channel = new SseChannel('demo')

app.get('/events', (_req, res) => res.sse(channel))

// #region cleanup
// Subscribers that disconnect are removed at once; this listener is called then.
channel.on('unsubscribe', () => console.log(`${channel.subscriberCount} left`))

function sweep(): number {
  // Removes subscribers whose disconnect was not noticed, and returns how many there were.
  return channel.cleanup()
}

// #endregion cleanup

export { app, channel, sweep }
