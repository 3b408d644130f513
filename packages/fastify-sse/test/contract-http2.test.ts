import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import { fastify } from '../../sse-testkit/test/subjects/fastify.js'

describe('Fastify 5 on HTTP/2', () => {
  adapterContract({ test, start: fastify('h2'), traits: { httpVersion: 2, endsStreamsOnClose: true } })
})
