import { redisBackplane } from '@ssekit/sse-redis'
import { createClient } from 'redis'
import { standOn } from './ssekit.mjs'
import { options } from './stand.mjs'

const client = await createClient({ socket: options }).connect()

standOn(redisBackplane({ client }), () => client.ping())
