/**
 * The settings of a run.
 *
 * @typedef {object} Settings
 * @property {boolean} isQuick
 * @property {number} rounds how often everything is measured
 * @property {(streams: number) => boolean} allows whether this machine allows this number of streams of one server; if not, the page
 *   says so
 * @property {(streams: number) => number} most returns this number of streams, or, if this machine does not allow them, the greatest
 *   round number that it allows; the page then says so
 */

/**
 * A row of the bench.
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {string} method what is measured and how, in a few sentences
 * @property {(settings: Settings) => Promise<import('../comparison.mjs').Comparison[]>} run
 */
export {}
