import { Script } from '../process.mjs'

/** The encoders, their labels, and their baselines. */
const encoders = [
  { id: 'json', label: '`Buffer.from(JSON.stringify(data))`' },
  { id: 'json-again', label: 'the same once more (A/A)', against: 'json' },
  { id: 'ssekit', label: '**ssekit** `Buffer.from(formatEvent(event))`', against: 'json' },
  { id: 'better-sse', label: 'better-sse `createEventBuffer()`', against: 'json' },
  { id: 'eventsource-encoder', label: 'eventsource-encoder `encode(event)`', against: 'json' },
  { id: 'fastify-sse-v2', label: 'fastify-sse-v2 `serializeSSEEvent(event)`', against: 'json' },
]

/** @type {import('./row.mjs').Row} */
export const encoding = {
  id: 'encoding',
  title: 'Encoding',
  method:
    'One event with a type, an id and an object of about 120 bytes of JSON, encoded to a `Buffer`. Measured with mitata.',

  /** @returns {Promise<import('../comparison.mjs').Comparison[]>} */
  async run({ rounds }) {
    const script = await Script.start(new URL('../encoders.mjs', import.meta.url))
    const entries = encoders.map((encoder) => ({
      against: undefined,
      ...encoder,
      values: /** @type {number[]} */ ([]),
    }))
    try {
      for (let round = 0; round < rounds; round++) {
        for (const { id, values } of entries) values.push(await script.call('measure', id))
      }
    } finally {
      await script.stop()
    }
    return [
      { title: 'One event to its bytes', quantity: 'Time per event', unit: 'ns', plot: 'value', entries, leftOut: [] },
    ]
  },
}
