import { createResponse, merge, respond, SseManager } from '@ssekit/sse-core'
import { serve } from '../serve.mjs'

/** @type {import('../library.mjs').Maker} */
export const ssekit = async () => ({
  async channel({ transport, historyEvents, writeTimeoutMs, maxConnections }) {
    const manager = new SseManager({ writeTimeoutMs, maxConnections, onError: () => {} })
    const channel = manager.getOrCreate('news', { history: { maxEvents: historyEvents } })
    return {
      server: await serve((req, res) => respond(req, res, channel, { manager }), transport),
      // The channel makes the ids; only ids that are meant to be refused are passed on.
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
  fetch: (request) => createResponse(request, ['hello']),
  claims: {
    fits: '`node:http`, Express 4 and 5, Fastify 5, Koa 2 and 3, Fetch API',
    types: '✓, and each event type’s data',
    processes: '✓, on Redis or NATS',
  },
  notes: {
    fetch: '`createResponse()`: see [frameworks](docs/frameworks.md).',
    processes:
      'With `@ssekit/sse-redis` or `@ssekit/sse-nats`: one order everywhere, and replay on whichever process a client reconnects to.',
    resume: 'The channel makes the ids. Events sent while the client reconnects arrive once, in order.',
    gap: 'An `sse-gap` event, then everything that is still retained.',
    paused:
      'The history of the channel, which all its readers share. The reader is disconnected after `writeTimeoutMs` (30 s).',
    compression:
      '`no-transform` turns compression off; with your own `Cache-Control`, events are compressed and flushed one by one.',
    dependencies: 'The core alone. An adapter adds one package, or two for Fastify (`fastify-plugin`).',
    limit: '`maxConnections`, `maxConnectionsPerKey`, `maxChannels`.',
  },
})
