// The minimum for a backplane on JetStream: a stream, and a subscription to what is stored in it.
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { fail, hear, MAX_EVENTS, options, stand } from './stand.mjs'

const connection = await connect({ servers: `127.0.0.1:${options.port}` })
const manager = await jetstreamManager(connection)
await manager.streams.add({ name: 'bench', subjects: ['bench.*'], max_msgs_per_subject: MAX_EVENTS })
const stream = jetstream(connection)

stand({
  publish: (channel, data) => stream.publish(`bench.${channel}`, data),
  async subscribe(channels) {
    for (const channel of channels) {
      const callback = (/** @type {Error | null} */ error, /** @type {{ string(): string }} */ message) =>
        error === null ? hear(channel, message.string()) : fail(error.message)
      connection.subscribe(`bench.${channel}`, { callback })
    }
    await connection.flush()
  },
  roundTrip: () => connection.flush(),
})
