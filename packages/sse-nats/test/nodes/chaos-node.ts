import { connect } from '@nats-io/transport-node'
import { chaosNode } from '../../../sse-testkit/test/chaos/chaos-node.js'
import { obey } from '../../../sse-testkit/test/stress/commands.js'
import { natsBackplane } from '../../src/index.js'

obey(
  chaosNode(async ({ port, history }) => {
    const connection = await connect({
      servers: `127.0.0.1:${port}`,
      maxReconnectAttempts: -1,
      // The server may be down.
      waitOnFirstConnect: true,
      reconnectTimeWait: 50,
      // How long the client waits for a handshake that was cut off.
      timeout: 1_000,
    })
    return natsBackplane({ connection, history, timeoutMs: 2_000, compareMs: 500 })
  }),
)
