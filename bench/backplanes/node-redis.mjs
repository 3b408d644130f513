// The minimum for a backplane on Redis: a log and a message.
import { createClient } from 'redis'
import { hear, MAX_EVENTS, options, stand } from './stand.mjs'

const client = await createClient({ socket: options }).connect()
const subscriber = await client.duplicate().connect()
const TRIM = /** @type {const} */ ({ strategy: 'MAXLEN', strategyModifier: '~', threshold: MAX_EVENTS })

stand({
  // Twice as fast as the same two commands sent separately.
  publish: (channel, data) =>
    client.multi().xAdd(`log:${channel}`, '*', { e: data }, { TRIM }).publish(channel, data).execAsPipeline(),
  subscribe: (channels) => subscriber.subscribe([...channels], (data, channel) => hear(channel, data)),
  roundTrip: () => client.ping(),
})
