// #region express
import { sse, sseManager } from '@ssekit/express-sse'
import cors from 'cors'
import express from 'express'

const app = express()
app.use(cors({ origin: ['https://app.example.com', 'http://localhost:5173'], credentials: true }), sse())
app.get('/events', (_req, res) => res.sse(sseManager.getOrCreate('news')))
// #endregion express

export const handler = app
