/**
 * A way to serve streams, or to pass events from process to process.
 *
 * @typedef {object} Candidate
 * @property {string} label
 * @property {string} script in `servers`; with a broker, in `backplanes`
 * @property {Readonly<Record<string, unknown>>} [options] for the script
 * @property {string} [broker] in `brokers`: also a script
 */

/** A handler whose promise is pending for as long as its stream is open, like that of `await res.sse()`. */
const AWAITING = { awaits: true }
const AGAIN = 'the same in another process (A/A)'
/** Options for a channel to which a thousand events were published. */
const REPLAYING = { retained: 1_000, countWrites: true }

/** Everything that is measured, by the name that the rows use. */
const candidates = {
  net: { label: 'bare net, `socket.write(buffer)`', script: 'net.mjs' },
  'net-again': { label: AGAIN, script: 'net.mjs' },
  epoll: { label: 'C with epoll', script: 'epoll.mjs' },
  'epoll-again': { label: AGAIN, script: 'epoll.mjs' },
  nchan: { label: 'nginx with nchan', script: 'nchan.mjs' },

  http: { label: 'bare http, `res.write(buffer)`', script: 'http.mjs' },
  'http-again': { label: AGAIN, script: 'http.mjs' },
  'http-replay': { label: 'bare http, a loop of `res.write(buffer)`', script: 'http.mjs', options: REPLAYING },
  express: { label: 'bare Express 5', script: 'express.mjs' },
  'express-awaiting': { label: 'bare Express 5, awaiting the end', script: 'express.mjs', options: AWAITING },
  express4: { label: 'bare Express 4', script: 'express.mjs', options: { express: 'express4' } },
  fastify: { label: 'bare Fastify', script: 'fastify.mjs' },
  'fastify-awaiting': { label: 'bare Fastify, awaiting the end', script: 'fastify.mjs', options: AWAITING },
  koa: { label: 'bare Koa, `ctx.respond = false`', script: 'koa.mjs' },
  'koa-awaiting': { label: 'bare Koa, `ctx.respond = false`, awaiting the end', script: 'koa.mjs', options: AWAITING },
  'koa-stream': { label: 'bare Koa, `ctx.body = stream`', script: 'koa-stream.mjs' },

  'ssekit-http': { label: '**ssekit** on http', script: 'ssekit-http.mjs' },
  'ssekit-express': { label: '**ssekit** on Express 5', script: 'ssekit-express.mjs' },
  'ssekit-express4': {
    label: '**ssekit** on Express 4',
    script: 'ssekit-express.mjs',
    options: { express: 'express4' },
  },
  'ssekit-fastify': { label: '**ssekit** on Fastify', script: 'ssekit-fastify.mjs' },
  'ssekit-koa': { label: '**ssekit** on Koa', script: 'ssekit-koa.mjs' },
  'ssekit-http-slow': {
    label: '**ssekit** on http, `res.write` replaced',
    script: 'ssekit-http.mjs',
    options: { replaceWrite: true },
  },
  'ssekit-express-slow': {
    label: '**ssekit** on Express 5, `res.write` replaced',
    script: 'ssekit-express.mjs',
    options: { replaceWrite: true },
  },

  'ssekit-hono': { label: '**ssekit** `createResponse()` in Hono on @hono/node-server', script: 'ssekit-hono.mjs' },
  'ssekit-replay': { label: '**ssekit** on http', script: 'ssekit-http.mjs', options: REPLAYING },
  'ssekit-all': { label: '**ssekit** on http, no filter', script: 'ssekit-filter.mjs', options: { topics: 1 } },
  'ssekit-all-again': { label: AGAIN, script: 'ssekit-filter.mjs', options: { topics: 1 } },
  'ssekit-filter': {
    label: '**ssekit** on http, each stream with a filter',
    script: 'ssekit-filter.mjs',
    options: { topics: 10 },
  },

  'better-sse': { label: 'better-sse on http', script: 'better-sse.mjs' },
  'better-sse-express': { label: 'better-sse on Express 5', script: 'better-sse.mjs', options: { express: 'express' } },
  'better-sse-batch': { label: 'better-sse on http, `batch()`', script: 'better-sse.mjs', options: { batch: true } },
  'fastify-sse': { label: '@fastify/sse', script: 'fastify-sse.mjs' },
  'fastify-sse-v2': { label: 'fastify-sse-v2', script: 'fastify-sse-v2.mjs' },
  'express-sse': { label: 'express-sse on Express 5', script: 'express-sse.mjs' },
  'sse-channel': { label: 'sse-channel on http', script: 'sse-channel.mjs' },
  'sse-channel-replay': { label: 'sse-channel on http', script: 'sse-channel.mjs', options: REPLAYING },
  hono: { label: 'Hono’s `streamSSE()` on @hono/node-server', script: 'hono.mjs' },

  ioredis: { label: 'ioredis, `XADD` and `PUBLISH`', script: 'ioredis.mjs', broker: 'redis.mjs' },
  'ioredis-again': { label: AGAIN, script: 'ioredis.mjs', broker: 'redis.mjs' },
  'ssekit-ioredis': { label: '**ssekit** on Redis, ioredis', script: 'ssekit-ioredis.mjs', broker: 'redis.mjs' },
  transmit: { label: 'the bus of @boringnode/transmit, no log', script: 'transmit.mjs', broker: 'redis.mjs' },
  'node-redis': { label: 'node-redis, `XADD` and `PUBLISH`', script: 'node-redis.mjs', broker: 'redis.mjs' },
  'ssekit-node-redis': {
    label: '**ssekit** on Redis, node-redis',
    script: 'ssekit-node-redis.mjs',
    broker: 'redis.mjs',
  },
  nats: { label: 'JetStream, `publish()` and a subscription', script: 'nats.mjs', broker: 'nats.mjs' },
  'ssekit-nats': { label: '**ssekit** on NATS', script: 'ssekit-nats.mjs', broker: 'nats.mjs' },
}

/** @typedef {keyof typeof candidates} CandidateId */

/** @param {CandidateId} id @returns {Candidate} */
export function candidate(id) {
  return candidates[id]
}
