/**
 * How the bench is run.
 *
 * @typedef {object} Settings
 * @property {boolean} isQuick
 * @property {number} rounds how often everything is measured
 * @property {(streams: number) => boolean} allows whether this machine allows so many streams of one server; if not, the page says so
 * @property {(streams: number) => number} most so many streams of one server, or, if this machine does not allow that, the greatest round
 *   number that it allows; the page then says so
 */

/**
 * A row of the bench.
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {string} method what is done, in a sentence or two
 * @property {(settings: Settings) => Promise<import('../comparison.mjs').Comparison[]>} run
 */
export {}
