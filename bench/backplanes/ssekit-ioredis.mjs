import { redisBackplane } from '@ssekit/sse-redis'
import { Redis } from 'ioredis'
import { standOn } from './ssekit.mjs'
import { options } from './stand.mjs'

const client = new Redis(options)

standOn(redisBackplane({ client }), () => client.ping())
