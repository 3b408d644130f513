import { findProgram, installPackage } from './debian.mjs'

/**
 * The installed Redis (or Valkey) that tests start: `$REDIS_SERVER` if set, else the first one on PATH.
 *
 * @returns {string | undefined}
 */
export function findRedis() {
  return process.env.REDIS_SERVER ?? findProgram(['redis-server', 'valkey-server'])
}

/**
 * The installed NATS server that tests start: `$NATS_SERVER` if set, else the first one on PATH.
 *
 * @returns {string | undefined}
 */
export function findNats() {
  return process.env.NATS_SERVER ?? findProgram(['nats-server'])
}

/** Makes sure that the tests with brokers can run; they fail without them. */
export function ensureBrokers() {
  if (findRedis() === undefined) installPackage('redis-server')
  if (findNats() === undefined) installPackage('nats-server')
  if (findRedis() === undefined || findNats() === undefined) {
    console.error(
      'The tests with brokers need redis-server and nats-server: install them, or set REDIS_SERVER and NATS_SERVER to their executables.',
    )
    process.exit(1)
  }
}
