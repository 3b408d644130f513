// What a backplane on Redis cannot do without: a log, a message, nothing else.
import { Redis } from 'ioredis'
import { hear, MAX_EVENTS, options, stand } from './stand.mjs'

const client = new Redis(options)
const subscriber = client.duplicate().on('message', hear)

stand({
  publish: (channel, data) =>
    Promise.all([
      client.xadd(`log:${channel}`, 'MAXLEN', '~', MAX_EVENTS, '*', 'e', data),
      client.publish(channel, data),
    ]),
  subscribe: (channels) => subscriber.subscribe(...channels),
  roundTrip: () => client.ping(),
})
