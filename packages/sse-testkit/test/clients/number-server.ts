import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { respond, SseManager } from '@ssekit/sse-core'

/** The argument of the server of a crowd. */
export interface NumberServerOptions {
  /** How many readers must be there before the first number. */
  readonly readers: number
  /** How many numbers its history keeps. */
  readonly maxEvents: number
  readonly perSecond: number
}

/** The message that it sends when it has stopped. */
export interface NumbersSent {
  readonly last: number
}

// A separate program: it sends numbers, from 0 once all its readers are connected, until it gets any message.
const { readers, maxEvents, perSecond } = JSON.parse(process.argv[2] ?? '') as NumberServerOptions
const manager = new SseManager({ history: { maxEvents, maxBytes: Number.POSITIVE_INFINITY } })
const channel = manager.getOrCreate('numbers')
const server = createServer((req, res) => void respond(req, res, channel, { manager })).listen(0, '127.0.0.1')

let next = 0
let timer: NodeJS.Timeout | undefined
function send(): void {
  // Some are larger than a packet, and some larger than one read.
  const padding = ' '.repeat(next % 50 === 49 ? 70_000 : next % 10 === 9 ? 2_000 : 0)
  void channel.broadcast(`${next}${padding}`)
  next += 1
}
channel.on('subscribe', () => {
  if (timer === undefined && channel.subscriberCount === readers) timer = setInterval(send, 1_000 / perSecond)
})
process.on('message', () => {
  clearInterval(timer)
  process.send?.({ last: next - 1 } satisfies NumbersSent)
})
process.on('disconnect', () => process.exit())

await once(server, 'listening')
process.send?.((server.address() as AddressInfo).port)
