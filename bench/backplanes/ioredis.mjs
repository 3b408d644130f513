// The minimum for a backplane on Redis: a log and a message.
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
