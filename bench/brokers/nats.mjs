// NATS with JetStream, which stores streams in files unless they are set to be kept in memory.
import { findNats } from '../../scripts/brokers.mjs'
import { runBroker } from './broker.mjs'

await runBroker({
  name: 'nats-server',
  program: findNats(),
  readyLine: /Server is ready/,
  args: (port, folder) => ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', folder],
})
