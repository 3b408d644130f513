import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import { bare } from '../../sse-testkit/test/subjects/bare.js'

describe('respond() on node:http', () => {
  adapterContract({ test, start: bare('http'), traits: { injectsChannels: false } })
})
