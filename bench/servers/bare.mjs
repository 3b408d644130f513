import { payload } from '../load/workload.mjs'
import { frame, HEAD, options, PREAMBLE } from './stand.mjs'

const { retained = 0 } = options
const history = Array.from({ length: retained }, () => frame(payload(100)))

/** The streams of a handler that uses no library: a response in a set, and `res.write(buffer)`. */
export class BareStreams {
  replayPath = '/'
  #responses = new Set()

  /** @param {import('node:http').ServerResponse} res */
  add(res) {
    res.writeHead(200, HEAD)
    res.write(PREAMBLE)
    for (const event of history) res.write(event)
    this.#responses.add(res)
    res.on('close', () => this.#responses.delete(res))
  }

  /**
   * @param {string} data
   * @param {number} count
   */
  publishJoined = (data, count) => {
    const buffer = frame(data, count)
    for (const res of this.#responses) res.write(buffer)
  }
}
