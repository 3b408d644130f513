// Compiled, never run: the types of parameters that Express 4 does not have.
import { injectChannel } from '@ssekit/express-sse'
import express from 'express'

express().get('/files/*path', injectChannel('files'), (req, res) => {
  const path: string[] = req.params.path
  res.send(path)
})
