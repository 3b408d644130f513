import { frame, HEAD, PREAMBLE } from './stand.mjs'

/** The streams of a handler that uses no library: a response in a set, and `res.write(buffer)`. */
export class BareStreams {
  #responses = new Set()

  /** @param {import('node:http').ServerResponse} res */
  add(res) {
    res.writeHead(200, HEAD)
    res.write(PREAMBLE)
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
