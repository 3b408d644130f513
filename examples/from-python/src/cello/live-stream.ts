import { SseStream, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

// #region live
const thermometer = new EventTarget()

app.get('/temperature', async (_req, res) => {
  const stream = new SseStream()
  const onChange = (): void => {
    stream.addEvent('change', { at: Date.now() })
  }
  thermometer.addEventListener('change', onChange)
  // The stream is filled while it is being sent.
  await res.sse(stream)
  thermometer.removeEventListener('change', onChange)
})

// #endregion live

export { app, thermometer }
