import { readFileSync } from 'node:fs'
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

// The bench measures the same versions.
const { dependencies } = JSON.parse(readFileSync('bench/package.json', 'utf8'))

/** The packages that ssekit is compared with, and their versions: the newest ones at the time of the comparison. */
export const peers = Object.fromEntries(
  Object.keys(makers)
    .filter((name) => name !== 'ssekit')
    .map((name) => [name, dependencies[name]]),
)
