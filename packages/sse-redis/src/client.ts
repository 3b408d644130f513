// biome-ignore lint/suspicious/noExplicitAny: node-redis passes listeners text or bytes, by a type argument of its methods
type MessageListener = (message: any, channel: any) => void

/** What the backplane uses of a client of node-redis: `createClient()`. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  sendCommand(args: string[]): Promise<unknown>
  duplicate(): NodeRedisSubscriber
  listenerCount(event: 'error'): number
  emit(event: 'error', error: unknown): boolean
}

/** What the backplane uses of the connection that it duplicates from a client of node-redis for subscriptions. */
export interface NodeRedisSubscriber {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  subscribe(channels: string[], listener: MessageListener): Promise<unknown>
  unsubscribe(channels: string[], listener: MessageListener): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: an EventEmitter's listeners take what the event brings
  on(event: string, listener: (...args: any[]) => void): unknown
  destroy(): void
}

/** What the backplane uses of a cluster client of node-redis: `createCluster()`. Use version 6 if masters may be lost. */
export interface NodeRedisCluster {
  readonly masters: readonly unknown[]
  sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>
  duplicate(overrides?: { minimizeConnections: boolean }): NodeRedisClusterSubscriber
  listenerCount(event: 'error'): number
  emit(event: 'error', error: unknown): boolean
}

/** What the backplane uses of the connections that it duplicates from a cluster client of node-redis for subscriptions. */
export interface NodeRedisClusterSubscriber extends NodeRedisSubscriber {
  sSubscribe(channels: string, listener: MessageListener): Promise<unknown>
  sUnsubscribe(channels: string, listener: MessageListener): Promise<unknown>
}

/** What the backplane uses of a client of ioredis: `new Redis()`. */
export interface IoredisClient {
  readonly isCluster: boolean
  readonly status: string
  readonly options: {
    readonly keyPrefix?: string | undefined
    readonly autoResendUnfulfilledCommands?: boolean | undefined
  }
  call(command: string, args: string[]): Promise<unknown>
  duplicate(override?: IoredisSubscriberOptions): IoredisSubscriber
  on(event: 'ready' | 'close', listener: () => void): unknown
  off(event: 'ready' | 'close', listener: () => void): unknown
  listenerCount(event: 'error'): number
  emit(event: 'error', error: unknown): boolean
}

/** The options that differ in a connection for subscriptions. */
interface IoredisSubscriberOptions {
  readonly enableOfflineQueue: boolean
  readonly autoResubscribe: boolean
  readonly autoResendUnfulfilledCommands: boolean
}

/** What the backplane uses of the connections that it duplicates from a client of ioredis for subscriptions. */
export interface IoredisSubscriber {
  readonly status: string
  connect(): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  ssubscribe(...channels: string[]): Promise<unknown>
  sunsubscribe(...channels: string[]): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: an EventEmitter's listeners take what the event brings
  on(event: string, listener: (...args: any[]) => void): unknown
  disconnect(): void
}

/** What the backplane uses of a cluster client of ioredis: `new Cluster()`. */
export interface IoredisCluster {
  readonly isCluster: boolean
  readonly status: string
  readonly options: { readonly keyPrefix?: string | undefined; readonly redisOptions?: object | undefined }
  call(command: string, args: string[]): Promise<unknown>
  duplicate(startupNodes?: [], override?: IoredisClusterSubscriberOptions): IoredisSubscriber
  listenerCount(event: 'error'): number
  emit(event: 'error', error: unknown): boolean
}

/** The options that differ in a cluster's connections for subscriptions. */
interface IoredisClusterSubscriberOptions {
  readonly enableOfflineQueue: boolean
  readonly shardedSubscribers: boolean
  readonly enableReadyCheck: boolean
  readonly keyPrefix: string
  readonly redisOptions: { readonly keyPrefix: string }
}

/** A client that the backplane can work with: node-redis 5 or 6, or ioredis 5 or 6, for one server or a cluster. */
export type RedisClient = NodeRedisClient | NodeRedisCluster | IoredisClient | IoredisCluster
