import type { NatsConnection } from '@nats-io/transport-node'
import type { TcpProxy } from '@ssekit/sse-testkit'
import { settled, until } from './until.js'

/** Drops everything that the server sends while `run` runs, starting and ending when the connection is quiet. */
export async function whileDroppingReplies(
  proxy: TcpProxy,
  run: () => Promise<unknown>,
  connection: NatsConnection,
): Promise<void> {
  await settled(() => connection.stats().inMsgs)
  proxy.discardReplies()
  const before = proxy.discardedBytes
  await run()
  await until(
    () => proxy.discardedBytes > before,
    () => 'bytes that are dropped',
  )
  await settled(() => proxy.discardedBytes)
  proxy.passReplies()
}
