// Redis, or Valkey, without persistence.
import { findProgram } from '../../scripts/programs.mjs'
import { runBroker } from './broker.mjs'

await runBroker({
  name: 'redis-server',
  program: findProgram('redis'),
  readyLine: /Ready to accept connections/,
  args: (port) => ['--bind', '127.0.0.1', '--port', `${port}`, '--save', '', '--appendonly', 'no'],
})
