import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { afterEach } from '@jest/globals'
import { type RespondOptions, respond, type SseSource } from '@ssekit/sse-core'
import { type Listening, listen } from '../../from-python/src/listen.js'

const servers = new Set<Listening>()
afterEach(async () => {
  for (const server of servers) await server.close()
  servers.clear()
})

/** A server whose response a test can change while clients reconnect. */
export interface ChangingServer {
  readonly url: string
  /** Every request so far. */
  readonly requests: IncomingMessage[]
  answer: RequestListener
  /** Breaks every connection. */
  cut(): void
}

export async function serveChanging(answer: RequestListener): Promise<ChangingServer> {
  const server = createServer((req, res) => {
    changing.requests.push(req)
    changing.answer(req, res)
  })
  const listening = await listen(server)
  servers.add(listening)
  const changing: ChangingServer = {
    url: listening.url,
    requests: [],
    answer,
    cut: () => server.closeAllConnections(),
  }
  return changing
}

/** Streams a source, to clients that reconnect at once. */
export function streaming(source: SseSource, options: RespondOptions = {}): RequestListener {
  return (req, res) => void respond(req, res, source, { retryMs: 1, ...options })
}

export function refusing(status: number): RequestListener {
  return (_req, res) => void res.writeHead(status).end()
}
