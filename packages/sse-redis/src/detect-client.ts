import type { IoredisClient, IoredisCluster, NodeRedisClient, NodeRedisCluster } from './client.js'

/** A client of ioredis, for one server or a cluster. */
export type DetectedIoredis =
  | { readonly isCluster: false; readonly client: IoredisClient }
  | { readonly isCluster: true; readonly client: IoredisCluster }

/**
 * A client of node-redis, for one server or a cluster. The cluster client of version 5 does not learn that a lost master was replaced.
 * It keeps asking the lost one until that is back, as the README says.
 */
export type DetectedNodeRedis =
  | { readonly isCluster: false; readonly client: NodeRedisClient }
  | { readonly isCluster: true; readonly client: NodeRedisCluster }

/** Which library a client is of, and whether it is for a cluster. */
export type DetectedClient =
  | { readonly library: 'ioredis'; readonly detected: DetectedIoredis }
  | { readonly library: 'node-redis'; readonly detected: DetectedNodeRedis }

/** @throws {TypeError} the client is unknown, or cannot do what a backplane needs */
export function detectClient(client: unknown): DetectedClient {
  if (typeof client !== 'object' || client === null) throw unfit(client === null ? 'null' : typeof client)
  const isCluster = 'masters' in client || ('isCluster' in client && client.isCluster === true)
  if (has(client, 'call', 'duplicate', 'on', 'off') && 'status' in client) {
    return { library: 'ioredis', detected: { isCluster, client } as DetectedIoredis }
  }
  if (!has(client, 'sendCommand') || !('isOpen' in client || isCluster))
    throw unfit('an object without what those have')
  // It takes commands in another way than all other clients, and may send each one to another master.
  if (has(client, 'acquire')) throw unfit('a Sentinel client of node-redis; that of ioredis will do')
  if (!has(client, 'duplicate')) throw unfit('a pool of node-redis, which can make no connection for subscriptions')
  return { library: 'node-redis', detected: { isCluster, client } as DetectedNodeRedis }
}

function has(client: object, ...methods: readonly string[]): boolean {
  return methods.every((method) => typeof (client as Record<string, unknown>)[method] === 'function')
}

function unfit(what: string): TypeError {
  return new TypeError(
    `client must be a client of node-redis or ioredis, 5 or later, of a server or a cluster, not ${what}`,
  )
}
