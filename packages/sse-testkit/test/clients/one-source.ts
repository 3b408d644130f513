import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CloseReason, type RespondOptions, respond, type SseSource } from '@ssekit/sse-core'

export interface BareServer {
  readonly url: string
  close(): Promise<void>
}

/** A bare server for one test. */
export async function startServer(listener: RequestListener): Promise<BareServer> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A server of one response. */
export interface Serving extends BareServer {
  /** Resolves when the request has been handed to ssekit. */
  readonly asked: Promise<void>
  /** Why the stream was over, or the error. */
  readonly outcome: Promise<CloseReason | { readonly error: unknown }>
}

/**
 * Answers with whatever a test passes as a source, valid or not, and with 500 if it fails before the response headers.
 *
 * @param source called for each request
 */
export async function serveSource(source: () => unknown, options: RespondOptions = {}): Promise<Serving> {
  let settle: (outcome: Serving['outcome']) => void
  const asked = new Promise<void>((resolve) => {
    settle = (outcome) => {
      resolve()
      answered(outcome)
    }
  })
  let answered: (outcome: Serving['outcome']) => void
  const outcome = new Promise<Awaited<Serving['outcome']>>((resolve) => {
    answered = resolve
  })
  const server = await startServer((req, res) => {
    const over = respond(req, res, source() as SseSource, options)
    settle(
      over.catch((error: unknown) => {
        if (!res.headersSent) res.writeHead(500).end()
        return { error }
      }),
    )
  })
  return { ...server, asked, outcome }
}
