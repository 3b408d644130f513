import http from 'node:http'
import { respond, SseEvent, SseManager } from '@ssekit/sse-core'

/** A stand-in for what a file kept before. */
const oldMessages = [
  { id: 1, data: 'one' },
  { id: 2, data: 'two' },
]

// #region sse-channel
const manager = new SseManager()

// new SseChannel({ historySize, retryTimeout, pingInterval })
const channel = manager.getOrCreate('messages', {
  history: { maxEvents: 100, maxAgeMs: Number.POSITIVE_INFINITY },
  retryMs: 250,
  heartbeatMs: 20_000,
})

// channel.send({ id, event, data }) with jsonEncode: true. Ids are text.
function send(id: number, data: unknown, event?: string): Promise<string> {
  return channel.broadcast(SseEvent.json(data, { id: String(id), event }))
}

// { history }
for (const { id, data } of oldMessages) void send(id, data)

// channel.on('connect', …)
channel.on('subscribe', (connection) => connection?.send({ event: 'welcome', data: channel.subscriberCount }))

const server = http.createServer((req, res) => {
  // channel.addClient(req, res)
  if (req.url?.startsWith('/messages')) void respond(req, res, channel)
  else res.writeHead(404).end()
})

// channel.close()
function close(): Promise<void> {
  return channel.end()
}

// #endregion sse-channel

export { close, send, server }
