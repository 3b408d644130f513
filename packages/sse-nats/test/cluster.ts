import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { NatsServer } from '../../sse-testkit/test/brokers/nats-server.js'
import { freePort } from '../../sse-testkit/test/network/free-port.js'
import { until } from './until.js'

/** Starts a cluster of three servers. */
export async function startCluster(): Promise<readonly NatsServer[]> {
  const ports = await Promise.all([1, 2, 3].map(() => freePort()))
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(',')
  const servers = await Promise.all(
    ports.map((port, index) =>
      NatsServer.start({
        args: [
          '-n',
          `server-${index}`,
          '--cluster_name',
          'test',
          '--cluster',
          `nats://127.0.0.1:${port}`,
          '--routes',
          routes,
        ],
      }),
    ),
  )
  await until(
    () => canMakeStreams(servers[0] as NatsServer),
    () => 'a quorum of three servers',
  )
  return servers
}

async function canMakeStreams({ url: servers }: NatsServer): Promise<boolean> {
  const connection = await connect({ servers })
  try {
    const { streams } = await jetstreamManager(connection, { timeout: 500 })
    await streams.add({ name: 'PROBE', subjects: ['probe'], num_replicas: 3 })
    return true
  } catch {
    return false
  } finally {
    await connection.close()
  }
}
