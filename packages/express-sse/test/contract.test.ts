import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import createApp from 'express'
import { express } from '../../sse-testkit/test/subjects/express.js'

describe('Express 5', () => {
  adapterContract({ test, start: express(createApp), traits: { errors: 'resolve' } })
})
