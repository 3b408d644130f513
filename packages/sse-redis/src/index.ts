export { type RedisBackplaneOptions, redisBackplane } from './backplane.js'
export type { IoredisClient, IoredisCluster, NodeRedisClient, NodeRedisCluster, RedisClient } from './client.js'
