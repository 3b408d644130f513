// Ways to make the bytes of one event, and how long each takes; in a separate process.
import { formatEvent } from '@ssekit/sse-core'
import { createEventBuffer } from 'better-sse'
import * as eventsourceEncoder from 'eventsource-encoder'
import { serializeSSEEvent } from 'fastify-sse-v2/lib/sse.js'
import { do_not_optimize, measure } from 'mitata'
import { answer } from './answering.mjs'

const data = {
  id: 4711,
  customer: 'Ada Lovelace',
  items: ['analytical engine', 'punched cards'],
  total: 1843.5,
  paid: true,
}
const event = 'order'
const id = 'a1b2c3d4.4711'

/** @type {Record<string, () => Buffer>} */
const encoders = {
  json: () => Buffer.from(JSON.stringify(data)),
  'json-again': () => Buffer.from(JSON.stringify(data)),
  ssekit: () => Buffer.from(formatEvent({ event, data, id })),
  'better-sse': () => Buffer.from(createEventBuffer().push(data, event, id).read()),
  'eventsource-encoder': () => Buffer.from(eventsourceEncoder.encode({ event, data: JSON.stringify(data), id })),
  'fastify-sse-v2': () => Buffer.from(serializeSSEEvent({ event, data: JSON.stringify(data), id })),
}

const MIN_CPU_NS = 100e6

answer(undefined, {
  /** Measures how long it takes on average, garbage collection included, in ns. @param {string} name */
  async measure(name) {
    const encode = encoders[name]
    if (encode === undefined) throw new RangeError(`there is no encoder ${name}`)
    const { avg } = await measure(() => do_not_optimize(encode()), { min_cpu_time: MIN_CPU_NS })
    return avg
  },
})
