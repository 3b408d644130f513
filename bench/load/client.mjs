// The load client, in a process of its own: opens streams, makes the server publish, counts what arrives.
import { once } from 'node:events'
import { connect } from 'node:net'
import { answer, options } from '../answering.mjs'
import { openSocket, Streams } from './streams.mjs'
import { Waiting } from './waiting.mjs'
import { trigger } from './workload.mjs'

/** @typedef {import('./workload.mjs').Workload} Workload */

/** What the server said of itself. @type {{ port: number, controlPort: number, protocol: 'line' | 'post' }} */
const server = options
const streams = new Streams()
const waiting = new Waiting(streams)

const publisher = connect({ port: server.controlPort, host: '127.0.0.1', noDelay: true })
await once(publisher, 'connect')
publisher.resume()
publisher.on('close', () => waiting.fail(new Error('the server takes no more publications')))

answer(undefined, {
  /** @param {{ count: number, paths?: number }} wanted */
  open: (wanted) => streams.open(server.port, wanted),

  close: () => streams.close(),

  /**
   * Publishes one time after another, the next as soon as every event of the last one has arrived everywhere: neither side
   * ever has a queue, so nothing is coalesced and nobody is saturated.
   *
   * @param {Workload} workload
   * @param {{ publications: number, deliveries: number, each: number }} expected how many times; how many events arrive each time;
   *   how many each stream has in the end
   */
  async publish(workload, { publications, deliveries, each }) {
    streams.reset()
    const text = trigger(workload, server.protocol)
    for (let n = 1; n <= publications; n++) {
      publisher.write(text)
      await waiting.forTotal(n * deliveries)
    }
    waiting.requireEach(each)
  },

  /**
   * Comes and goes: connects, asks, reads the first bytes, leaves, and waits until the server has closed its side.
   *
   * @param {{ count: number, concurrency: number }} visits
   */
  async visit({ count, concurrency }) {
    let next = 0
    const visitNext = async () => {
      while (next++ < count) await visit()
    }
    await Promise.all(Array.from({ length: concurrency }, visitNext))
  },
})

function visit() {
  return new Promise((resolve, reject) => {
    let hasRead = false
    const socket = openSocket(server.port, '/', () => {
      hasRead = true
      socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () =>
      hasRead ? resolve(undefined) : reject(new Error('a stream was closed before its first byte')),
    )
  })
}
