import { once } from 'node:events'
import { payload } from '../load/workload.mjs'
import { frame, HEAD, options, PREAMBLE } from './stand.mjs'

const { retained = 0, awaits = false } = options
const history = Array.from({ length: retained }, () => frame(payload(100)))

/** The streams of a handler that uses no library: the responses are in a set and are written with `res.write(buffer)`. */
export class BareStreams {
  replayPath = '/'
  #responses = new Set()

  /**
   * Starts a stream.
   *
   * @param {import('node:http').ServerResponse} res
   * @returns {Promise<unknown> | undefined} what the handler must return: with `awaits`, a promise that settles when
   *   the stream is over
   */
  add(res) {
    res.writeHead(200, HEAD)
    res.write(PREAMBLE)
    for (const event of history) res.write(event)
    this.#responses.add(res)
    res.on('close', () => this.#responses.delete(res))
    return awaits ? once(res, 'close') : undefined
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
