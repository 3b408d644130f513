import { randomBytes } from 'node:crypto'
import { type SseConnection, SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

/** A stand-in for the verification of a token: the user it belongs to. */
function userOf(authorization: string | undefined): string | undefined {
  return authorization === 'Bearer token-of-ann' ? 'ann' : undefined
}

// #region ticket
interface Entry {
  readonly ticket: string
}

const manager = new SseManager({ maxConnectionsPerKey: 6 })

/** The user that each ticket admits. */
const tickets = new Map<string, string>()

const app: Express = express()
app.use(sse({ manager }))

app.post('/tickets', (req, res) => {
  const user = userOf(req.get('Authorization'))
  if (user === undefined) {
    res.sendStatus(401)
    return
  }
  const ticket = randomBytes(32).toString('base64url')
  tickets.set(ticket, user)
  // Not for one request only: an EventSource reconnects with the same address.
  setTimeout(revoke, 60 * 60_000, ticket).unref()
  res.json({ ticket })
})

app.get('/events', async (req, res) => {
  const ticket = String(req.query.ticket)
  const user = tickets.get(ticket)
  if (user === undefined) {
    res.sendStatus(401)
    return
  }
  const context: Entry = { ticket }
  await res.sse(manager.getOrCreate(`user:${user}`), { key: user, context })
})

function revoke(ticket: string): number {
  tickets.delete(ticket)
  // In this order: the clients reconnect, and get the 401.
  return manager.disconnect(({ context }: SseConnection<Entry | undefined>) => context?.ticket === ticket)
}

// #endregion ticket

export { app, manager, revoke }
