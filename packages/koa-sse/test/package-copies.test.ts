import { createRequire } from 'node:module'
import { expect, test } from '@jest/globals'
import * as ours from '@ssekit/koa-sse'
import Koa from 'koa'
import supertest from 'supertest'

// A second copy, as `require` loads it next to `import` where `module-sync` is not honoured. (It is the built one.)
const other: typeof ours = createRequire(import.meta.url)('../dist/cjs/index.js')

test.each([
  ['one copy', ours, other],
  ['the other copy', other, ours],
])('injectChannel() uses the manager given to the sse() of %s of the package', async (_which, one, another) => {
  const manager = new ours.SseManager()
  const app = new Koa().use(one.sse({ manager })).use(another.injectChannel('news'))
  app.use((ctx) => {
    ctx.body = String(ctx.sseChannel === manager.get('news'))
  })
  await supertest(app.callback()).get('/').expect('true')
  expect(manager.get('news')).toBeDefined()
})
