import { merge, respond, SseManager } from '@ssekit/sse-core'
import { serve } from '../serve.mjs'

/** @type {import('../library.mjs').Maker} */
export const ssekit = async () => ({
  async channel({ transport, historyEvents, writeTimeoutMs, maxConnections }) {
    const manager = new SseManager({ writeTimeoutMs, maxConnections, onError: () => {} })
    const channel = manager.getOrCreate('news', { history: { maxEvents: historyEvents } })
    return {
      server: await serve((req, res) => respond(req, res, channel, { manager }), transport),
      // The channel makes the ids, but for one that is meant to be refused.
      broadcast: ({ data, event, id }) =>
        channel.broadcast({ data, ...(event !== undefined && { event }), ...(id?.match(/\s/) && { id }) }),
      comment: (comment) => channel.broadcast({ comment }),
      readers: () => channel.subscriberCount,
      shutDown: () => manager.close(),
    }
  },
  async channels() {
    const manager = new SseManager()
    const channels = [manager.getOrCreate('a'), manager.getOrCreate('b')]
    return {
      server: await serve((req, res) => respond(req, res, merge(...channels), { manager })),
      broadcast: ({ data }, index = 0) => channels[index]?.broadcast({ data }),
      readers: () => manager.stats().connections,
    }
  },
  async iterable(source) {
    const manager = new SseManager()
    return {
      server: await serve((req, res) => respond(req, res, source, { manager })),
      broadcast: () => {},
      readers: () => manager.stats().connections,
    }
  },
  claims: {
    fits: '`node:http`, Express 4 and 5, Fastify 5, Koa 2 and 3',
    types: '✓, and each event type’s data',
    processes: '✓, on Redis or NATS',
  },
  notes: {
    processes:
      'With `@ssekit/sse-redis` or `@ssekit/sse-nats`: one order everywhere, and what was missed on whichever process the client comes back to.',
    resume: 'Ids are made by the channel. Events sent while the client reconnects come once, in order.',
    gap: 'An event `sse-gap`, then everything that is still there.',
    paused:
      'That is the history of the channel, which all its readers share. The reader is cut off after `writeTimeoutMs`, 30 s by default.',
    compression:
      'Kept away with `no-transform`; with a `Cache-Control` of yours, compressed and flushed event by event.',
    dependencies: 'The core alone. An adapter is one more, Fastify’s two with `fastify-plugin`.',
    limit: '`maxConnections`, `maxConnectionsPerKey`, `maxChannels`.',
  },
})
