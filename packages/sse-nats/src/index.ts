export { natsBackplane } from './backplane.js'
export type { NatsBackplaneOptions, NatsHistory } from './options.js'
