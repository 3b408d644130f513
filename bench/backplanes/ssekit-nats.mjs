import { connect } from '@nats-io/transport-node'
import { natsBackplane } from '@ssekit/sse-nats'
import { standOn } from './ssekit.mjs'
import { options } from './stand.mjs'

const connection = await connect({ servers: `127.0.0.1:${options.port}` })

standOn(natsBackplane({ connection }), () => connection.flush())
