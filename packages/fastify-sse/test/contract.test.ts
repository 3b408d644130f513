import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import { fastify } from '../../sse-testkit/test/subjects/fastify.js'

describe('Fastify 5', () => {
  adapterContract({ test, start: fastify('http'), traits: { endsStreamsOnClose: true } })
})
