import { merge, type SseChannel, SseManager } from '@ssekit/sse-core'

export type ServerName = 'express' | 'fastify' | 'koa'

/** A message, and the server through which it came in. */
export interface Message {
  readonly text: string
  readonly via: ServerName
  readonly at: number
}

/** Numbered without holes, so that the page can prove that no notification is missing or came twice. */
export interface Notification extends Message {
  readonly n: number
}

/** How the process is doing; numbered like notifications. */
export interface Sample {
  /** When the process was started: each run begins its numbers at 1. */
  readonly run: number
  readonly n: number
  readonly at: number
  readonly cpuPercent: number
  readonly memoryMb: number
  readonly eventsPerSecond: number
}

/** The one manager that all three servers share. With a Redis or NATS backplane, so would any number of processes. */
export const manager: SseManager = new SseManager({
  retryMs: 3_000,
  // Anyone can name another room, and start another job.
  maxChannels: 1_000,
})

// A short history, so that everyone can see a gap: a client that was away for more than 30 events gets one.
const notifications: SseChannel<{ notification: Notification }> = manager.getOrCreate('notifications', {
  history: { maxEvents: 30 },
})
export const samples: SseChannel<{ sample: Sample }> = manager.getOrCreate('samples')

let sent = 0

/** Sent through any server, it arrives through all of them. */
export function notify(body: unknown, via: ServerName): Promise<string> {
  // Checked before it gets a number: a refused one would leave a hole.
  const said = message(body, via)
  sent += 1
  return notifications.broadcast({ event: 'notification', data: { n: sent, ...said } })
}

/** @throws an error that every framework answers with `400`, if a request's body is anything but text */
export function message(body: unknown, via: ServerName): Message {
  const text = typeof body === 'string' ? body.trim() : ''
  if (text === '') throw Object.assign(new TypeError('a message is text'), { statusCode: 400, expose: true })
  return { text: text.slice(0, 200), via, at: Date.now() }
}

/** Two channels on one stream: the latest notifications, a minute of samples, and whatever comes next. */
export function news(): ReturnType<typeof merge> {
  return merge(notifications.listen({ rewind: 4 }), samples.listen({ rewind: 120 }))
}

/** The stream's owner, which the page passes in the address: `manager.disconnect()` finds the stream by it. */
export function keyOf(url: string): string | undefined {
  return new URLSearchParams(url.split('?')[1]).get('key') ?? undefined
}
