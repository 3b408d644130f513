// #region event-stream
import { formatEvent, type SseChannel } from '@ssekit/sse-core'

const encoder = new TextEncoder()
const headers = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
}

/** Streams a channel as the answer to a request; a client that reconnects gets what it missed. */
export function eventStream(request: Request, channel: SseChannel): Response {
  // Without this, the answer to a HEAD request would never end.
  if (request.method === 'HEAD') return new Response(null, { headers })
  const lastEventId = request.headers.get('Last-Event-ID') ?? ''
  // `Bun.serve` cuts a response that is silent for about ten seconds.
  const events = channel.listen({ lastEventId, heartbeatMs: 5_000 })[Symbol.asyncIterator]()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(formatEvent({ retry: 2_000 })))
    },
    // Called when there is room for more, so a client that reads slowly does not fill the memory.
    async pull(controller) {
      const next = await events.next()
      if (next.done) controller.close()
      else controller.enqueue(encoder.encode(formatEvent(next.value)))
    },
    async cancel() {
      await events.return?.()
    },
  })
  return new Response(body, { headers })
}
// #endregion event-stream
