import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { respond, SseManager } from '@ssekit/sse-core'

/** What the server of a crowd is told as its argument. */
export interface NumberServerOptions {
  /** How many readers must be there before the first number. */
  readonly readers: number
  /** How many numbers its history keeps. */
  readonly maxEvents: number
  readonly perSecond: number
}

/** What it says when it has stopped. */
export interface NumbersSent {
  readonly last: number
}

// A program of its own: it sends numbers, from 0 when all its readers are there, until any message comes.
const { readers, maxEvents, perSecond } = JSON.parse(process.argv[2] ?? '') as NumberServerOptions
const manager = new SseManager({ history: { maxEvents, maxBytes: Number.POSITIVE_INFINITY } })
const channel = manager.getOrCreate('numbers')
const server = createServer((req, res) => void respond(req, res, channel, { manager })).listen(0, '127.0.0.1')

let next = 0
let timer: NodeJS.Timeout | undefined
function send(): void {
  // Some are larger than a packet, and some than what is read at once.
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
