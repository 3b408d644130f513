import { SseChannel, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

const channel = new SseChannel('demo')

app.get('/events', (_req, res) => res.sse(channel))

// #region cleanup
// Subscribers that leave are removed at once; this is how to hear of it.
channel.on('unsubscribe', () => console.log(`${channel.subscriberCount} left`))

function sweep(): number {
  // For those who are gone and have not said so: how many it removed.
  return channel.cleanup()
}

// #endregion cleanup

export { app, channel, sweep }
