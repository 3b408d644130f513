import { injectChannel, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

// #region express
app.get('/stream', injectChannel('chat'), (req, res) => res.sse(req.sseChannel))

// The name may come from the request. Clients can invent any number of names, so check first that the room exists, or
// limit the length of a name; and set the manager's `maxChannels`.
const room = injectChannel((req) => `room:${req.params.room}`)
app.get('/rooms/:room', room, (req, res) => res.sse(req.sseChannel))

// #endregion express

export { app }
