import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import { bare } from '../../sse-testkit/test/subjects/bare.js'

for (const transport of ['h2c', 'h2'] as const) {
  describe(`respond() on node:http2, ${transport}`, () => {
    adapterContract({ test, start: bare(transport), traits: { httpVersion: 2, injectsChannels: false } })
  })
}
