import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import { fetchApi } from '../../sse-testkit/test/subjects/fetch.js'

describe('createResponse() on the server of Hono', () => {
  adapterContract({ test, start: fetchApi, traits: { api: 'fetch', errors: 'resolve', injectsChannels: false } })
})
