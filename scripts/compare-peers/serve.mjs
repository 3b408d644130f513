import { once } from 'node:events'
import { createServer } from 'node:http'
import compression from 'compression'
import express from 'express'

/**
 * Serves a `(req, res)` handler on a free port.
 *
 * @param {(req: any, res: any) => unknown} handler
 * @param {import('./library.mjs').Transport} [transport]
 * @returns {Promise<import('node:http').Server>}
 */
export async function serve(handler, transport = 'http') {
  const server = listener(async (req, res) => {
    try {
      await handler(req, res)
    } catch {
      // As an application's error handler does once the response headers are sent.
      res.destroy()
    }
  }, transport)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/**
 * @param {(req: any, res: any) => unknown} handler
 * @param {import('./library.mjs').Transport} transport
 */
function listener(handler, transport) {
  if (transport === 'http') return createServer(handler)
  return createServer(express().use(compression(), handler))
}
