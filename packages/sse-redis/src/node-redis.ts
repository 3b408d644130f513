import type {
  NodeRedisClusterSubscriber,
  NodeRedisSubscriber,
  RedisConnection,
  RedisSubscriber,
  SubscriberEvents,
} from './client.js'
import type { NodeRedisKind } from './kind.js'
import { type Script, ScriptRunner } from './script.js'

/** A client of node-redis. */
export class NodeRedis implements RedisConnection {
  readonly isCluster: boolean
  // Commands that are sent as they are get no prefix.
  readonly keyPrefix = ''
  readonly #kind: NodeRedisKind
  readonly #scripts: ScriptRunner

  constructor(kind: NodeRedisKind) {
    this.#kind = kind
    this.isCluster = kind.isCluster
    this.#scripts = new ScriptRunner((name, args) =>
      // Digest or source, and the number of keys, come before the first key.
      kind.isCluster
        ? kind.client.sendCommand(args[2] ?? '', false, [name, ...args])
        : kind.client.sendCommand([name, ...args]),
    )
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#scripts.run(script, keys, args)
  }

  subscriber(events: SubscriberEvents, sharded: boolean): RedisSubscriber {
    const { isCluster, client } = this.#kind
    // Else it would connect to all masters for commands, which it has none of, and wait for one that is down.
    const subscriber = isCluster ? client.duplicate({ minimizeConnections: true }) : client.duplicate()
    return new NodeRedisSubscriptions(subscriber, events, sharded)
  }

  readonly report = (error: unknown): void => {
    const { client } = this.#kind
    if (client.listenerCount('error') > 0) client.emit('error', error)
  }

  close(): void {}
}

class NodeRedisSubscriptions implements RedisSubscriber {
  readonly resubscribes = true
  readonly #subscriber: NodeRedisSubscriber | NodeRedisClusterSubscriber
  readonly #sharded: boolean
  readonly #listener: (message: string, channel: string) => void
  #connecting: Promise<unknown> | undefined
  #isConnected = false

  constructor(
    subscriber: NodeRedisSubscriber | NodeRedisClusterSubscriber,
    events: SubscriberEvents,
    sharded: boolean,
  ) {
    this.#subscriber = subscriber
    this.#sharded = sharded
    this.#listener = (message, channel) => events.message(channel, message)
    subscriber.on('error', (error: unknown) => events.failed(error))
    for (const event of ['ready', 'sharded-channel-moved']) subscriber.on(event, () => events.connected())
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    await this.#connect()
    const subscriber = this.#subscriber
    if (this.#sharded && 'sSubscribe' in subscriber) {
      // Those of one command must be of one shard.
      await Promise.all(channels.map((channel) => subscriber.sSubscribe(channel, this.#listener)))
    } else await subscriber.subscribe([...channels], this.#listener)
  }

  async unsubscribe(channel: string): Promise<void> {
    const subscriber = this.#subscriber
    // It has given up: there is no subscription, and nobody who would answer.
    if (!subscriber.isOpen) return
    // Without the listener node-redis would take the channel for subscribed until the answer is there, and who subscribes again
    // before that would never hear it.
    if (this.#sharded && 'sUnsubscribe' in subscriber) await subscriber.sUnsubscribe(channel, this.#listener)
    else await subscriber.unsubscribe([channel], this.#listener)
  }

  close(): void {
    // One that is not connected has nothing to destroy, and says so by an error.
    if (this.#subscriber.isOpen) this.#subscriber.destroy()
  }

  #connect(): Promise<unknown> {
    // It has given up, as the owner's client does where it is told to, and can be connected again.
    if (this.#isConnected && !this.#subscriber.isOpen) this.#connecting = undefined
    this.#connecting ??= this.#connectNow()
    return this.#connecting
  }

  async #connectNow(): Promise<void> {
    this.#isConnected = false
    try {
      await this.#subscriber.connect()
      this.#isConnected = true
    } catch (error) {
      // The next one tries again.
      this.#connecting = undefined
      throw error
    }
  }
}
