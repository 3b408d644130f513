import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { trigger } from './workload.mjs'

/** What makes a server publish: a connection of its own. */
export class Publisher {
  #socket
  #protocol

  /** @param {{ controlPort: number, protocol: 'line' | 'post' }} server */
  static async connect({ controlPort, protocol }) {
    const socket = connect({ port: controlPort, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    // What nginx answers.
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
   * Publishes at a steady rate; what comes late for once is made up for.
   *
   * @param {import('./workload.mjs').Workload} workload
   * @param {{ perSecond: number, publications: number }} pace
   * @param {(n: number) => void} [onPublish] told before each
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
