import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { trigger } from './workload.mjs'

/** Makes a server publish, over a separate connection. */
export class Publisher {
  #socket
  #protocol

  /** @param {{ controlPort: number, protocol: 'line' | 'post' }} server */
  static async connect({ controlPort, protocol }) {
    const socket = connect({ port: controlPort, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    // Discards nginx's responses.
    socket.resume()
    return new Publisher(socket, protocol)
  }

  /**
   * @param {import('node:net').Socket} socket
   * @param {'line' | 'post'} protocol
   */
  constructor(socket, protocol) {
    this.#socket = socket
    this.#protocol = protocol
  }

  /** @param {import('./workload.mjs').Workload} workload */
  publish(workload) {
    this.#socket.write(trigger(workload, this.#protocol))
  }

  /**
   * Publishes at a steady rate, and catches up after a delay.
   *
   * @param {import('./workload.mjs').Workload} workload
   * @param {{ perSecond: number, publications: number }} pace
   * @param {(n: number) => void} [onPublish] called before each
   */
  async publishSteadily(workload, { perSecond, publications }, onPublish = () => {}) {
    const start = performance.now()
    for (let n = 0; n < publications; n++) {
      const wait = start + (n * 1000) / perSecond - performance.now()
      if (wait > 0) await sleep(wait)
      onPublish(n)
      this.publish(workload)
    }
  }
}
