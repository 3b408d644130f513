import { betterSse } from './libraries/better-sse.mjs'
import { expressSse } from './libraries/express-sse.mjs'
import { fastifySse } from './libraries/fastify-sse.mjs'
import { sseChannel } from './libraries/sse-channel.mjs'
import { ssekit } from './libraries/ssekit.mjs'

/** The columns of the table in order. @type {Readonly<Record<string, import('./library.mjs').Maker>>} */
export const makers = {
  ssekit,
  'better-sse': betterSse,
  '@fastify/sse': fastifySse,
  'express-sse': expressSse,
  'sse-channel': sseChannel,
}

/** The packages that ssekit is compared with; the newest at the time of the comparison. */
export const peers = {
  'better-sse': '0.16.1',
  '@fastify/sse': '0.6.0',
  'express-sse': '1.0.0',
  'sse-channel': '4.0.2',
}
