// The bus of @boringnode/transmit, as that package uses it: one Redis channel carries the events of all its channels.
import { Bus } from '@boringnode/bus'
import { redis } from '@boringnode/bus/transports/redis'
import { Redis } from 'ioredis'
import { hear, options, stand } from './stand.mjs'

const BUS_CHANNEL = 'transmit::broadcast'
const BROADCAST = 1

const client = new Redis(options)
const bus = new Bus(redis(client)(), { retryQueue: { enabled: true } })
/** @type {Set<string>} */
const wanted = new Set()

/** @param {{ channel: string, payload: string }} message */
function hearWanted({ channel, payload }) {
  if (wanted.has(channel)) hear(channel, payload)
}

stand({
  publish: (channel, payload) => bus.publish(BUS_CHANNEL, { type: BROADCAST, channel, payload }),
  async subscribe(channels) {
    if (wanted.size === 0) await bus.subscribe(BUS_CHANNEL, hearWanted)
    for (const channel of channels) wanted.add(channel)
  },
  roundTrip: () => client.ping(),
})
