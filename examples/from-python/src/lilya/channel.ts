// #region channel
import { SseChannel, type SseEvent } from '@ssekit/sse-core'

const channel = new SseChannel('demo')

async function announce(): Promise<string> {
  // Resolves with the event's id, which a client sends back as Last-Event-ID.
  return channel.broadcast({ event: 'message', data: 'New update!' })
}

async function follow(onEvent: (event: SseEvent) => void, signal: AbortSignal): Promise<void> {
  // Leaving the loop unsubscribes, also by `break`. So does the signal.
  for await (const event of channel.listen({ heartbeatMs: 10_000, signal })) onEvent(event)
}

// #endregion channel

export { announce, channel, follow }
