import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { koa } from '../../sse-testkit/test/subjects/koa.js'

for (const [version, Koa] of [
  ['2', Koa2],
  ['3', Koa3],
] as const) {
  describe(`Koa ${version}`, () => {
    adapterContract({ test, start: koa(() => new Koa(), 'http') })
  })
}

describe('Koa 3 on HTTP/2', () => {
  adapterContract({ test, start: koa(() => new Koa3(), 'h2c'), traits: { httpVersion: 2 } })
})
