import { Contest } from './contest.mjs'
import { Subject } from './subject.mjs'

/** @typedef {import('./contest.mjs').Cast} Cast */
/** @typedef {import('./contest.mjs').Heading} Heading */

/**
 * Several servers, each with its load client.
 *
 * @extends {Contest<Subject>}
 */
export class Stage extends Contest {
  /**
   * Starts all candidates, passes them to the work, and stops them whatever happens.
   *
   * @template T
   * @param {Cast} cast
   * @param {number} rounds
   * @param {Readonly<Record<string, unknown>>} options for all servers
   * @param {(stage: Stage) => Promise<T>} work
   * @returns {Promise<T>}
   */
  static with(cast, rounds, options, work) {
    const stage = new Stage(cast, rounds)
    return stage.hold(
      (id) => Subject.start(id, options),
      () => work(stage),
    )
  }

  /**
   * Opens streams for candidates until each has `count` of them; streams that are already open are included.
   *
   * @param {{ count: number, paths?: number }} streams
   * @param {readonly string[]} [among] the ids of the candidates that get them; all by default
   */
  async open(streams, among) {
    await this.prepare(({ client }) => client.call('open', streams), among)
  }
}
