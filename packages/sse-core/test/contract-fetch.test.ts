import { afterAll, beforeAll, describe, jest, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import { fetchApi } from '../../sse-testkit/test/subjects/fetch.js'

describe('createResponse() on the server of Hono', () => {
  // That server logs every body that breaks off, which some scenarios are about.
  beforeAll(() => {
    jest.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterAll(() => {
    jest.restoreAllMocks()
  })
  adapterContract({ test, start: fetchApi, traits: { api: 'fetch', errors: 'resolve', injectsChannels: false } })
})
