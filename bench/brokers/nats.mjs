// NATS with JetStream, which stores streams in files unless they are set to be kept in memory.
import { findProgram } from '../../scripts/programs.mjs'
import { runBroker } from './broker.mjs'

await runBroker({
  name: 'nats-server',
  program: findProgram('nats'),
  readyLine: /Server is ready/,
  args: (port, folder) => ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', folder],
})
