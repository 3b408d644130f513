/**
 * How the bench is run.
 *
 * @typedef {object} Settings
 * @property {boolean} isQuick
 * @property {number} rounds how often everything is measured
 * @property {number} maxStreams how many streams of one server this machine allows
 */

/**
 * What a row finds out.
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {string} method what is done, in a sentence or two
 * @property {(settings: Settings) => Promise<import('../comparison.mjs').Comparison[]>} run
 */
export {}
