import type { RedisClient } from '@ssekit/sse-redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'

/** A connected client, and how to close it. */
export interface OpenClient {
  readonly client: RedisClient
  close(): void
}

/** Connects to a server; the client's 'error' events are ignored. */
export type Connect = (url: string) => Promise<OpenClient>

export const connectIoredis: Connect = async (url) => {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => 20,
    tls: url.startsWith('rediss') ? insecure : undefined,
  })
  client.on('error', () => {})
  await client.connect()
  return { client, close: () => client.disconnect() }
}

export const connectNodeRedis: Connect = async (url) => {
  const client = createClient({
    url,
    socket: { reconnectStrategy: () => 20, ...(url.startsWith('rediss') ? { tls: true, ...insecure } : {}) },
  })
  client.on('error', () => {})
  await client.connect()
  return { client, close: () => client.destroy() }
}

// The test's certificate is self-signed.
const insecure = { rejectUnauthorized: false } as const

/** Connects to the servers of a cluster. */
export type ConnectCluster = (ports: readonly number[]) => Promise<OpenClient>

export const connectIoredisCluster: ConnectCluster = async (ports) => {
  const client = new Cluster(
    ports.map((port) => ({ host: '127.0.0.1', port })),
    { lazyConnect: true, clusterRetryStrategy: () => 20 },
  )
  client.on('error', () => {})
  await client.connect()
  return { client, close: () => client.disconnect() }
}

export const connectNodeRedisCluster: ConnectCluster = async (ports) => {
  const client = createCluster({
    rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
    defaults: { socket: { reconnectStrategy: () => 20 } },
  })
  client.on('error', () => {})
  await client.connect()
  return { client, close: () => client.destroy() }
}
