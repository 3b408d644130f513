// #region http
import { respond, sseManager } from '@ssekit/sse-core'

const origins = ['https://app.example.com', 'http://localhost:5173']

/**
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 */
function events(req, res) {
  const { origin } = req.headers
  res.setHeader('Vary', 'Origin')
  if (origin !== undefined && origins.includes(origin)) {
    res.setHeader('Access-Control-Allow-Origin', origin)
    res.setHeader('Access-Control-Allow-Credentials', 'true')
  }
  respond(req, res, sseManager.getOrCreate('news'))
}
// #endregion http

export const handler = events
