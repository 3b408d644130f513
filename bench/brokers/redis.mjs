// Redis, or Valkey, without persistence.
import { findRedis } from '../../scripts/brokers.mjs'
import { runBroker } from './broker.mjs'

await runBroker({
  name: 'redis-server',
  program: findRedis(),
  readyLine: /Ready to accept connections/,
  args: (port) => ['--bind', '127.0.0.1', '--port', `${port}`, '--save', '', '--appendonly', 'no'],
})
