import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import express5 from 'express'
import express4 from 'express4'
import { express } from '../../sse-testkit/test/subjects/express.js'

for (const [version, createApp] of [
  ['4', express4],
  ['5', express5],
] as const) {
  describe(`Express ${version}`, () => {
    adapterContract({ test, start: express(createApp), traits: { errors: 'resolve' } })
  })
}
