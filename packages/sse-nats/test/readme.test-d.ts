// The code of the README: compiled, never run.

// #region start
import { connect } from '@nats-io/transport-node'
import { SseManager } from '@ssekit/sse-core'
import { natsBackplane } from '@ssekit/sse-nats'

const connection = await connect({ servers: process.env.NATS_URL ?? 'localhost', maxReconnectAttempts: -1 })
const manager = new SseManager({ backplane: natsBackplane({ connection }) })
// #endregion start

// #region publisher
await manager.getOrCreate('news').broadcast('done')
// #endregion publisher
