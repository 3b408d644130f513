import { describe, test } from '@jest/globals'
import { adapterContract } from '@ssekit/sse-testkit'
import Koa from 'koa2'
import { koa } from '../../sse-testkit/test/subjects/koa.js'

describe('Koa 2', () => {
  adapterContract({ test, start: koa(() => new Koa(), 'http') })
})
