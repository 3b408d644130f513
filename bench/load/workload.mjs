/**
 * The events that are published at once.
 *
 * @typedef {object} Workload
 * @property {number} bytes the size of an event's data
 * @property {number} count how many events in one turn of the event loop
 */

/**
 * Occurs once in the data of every event, and nowhere else in what servers send: counting it counts events, whatever
 * the framing.
 */
export const MARKER = '|'

/** The data of an event. @param {number} bytes */
export function payload(bytes) {
  return MARKER + 'x'.repeat(bytes - 1)
}

/**
 * The request for a server to publish, sent over a separate connection. It is a line of a few bytes, which costs each
 * server the same few µs per publication.
 *
 * @param {Workload} workload
 * @param {'line' | 'post'} protocol
 */
export function trigger({ bytes, count }, protocol) {
  if (protocol === 'line') return `${bytes} ${count}\n`
  if (count !== 1) throw new RangeError('a post publishes one event')
  return `POST /publish HTTP/1.1\r\nHost: bench\r\nContent-Length: ${bytes}\r\n\r\n${payload(bytes)}`
}
