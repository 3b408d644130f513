import { createRequire } from 'node:module'
import { expect, test } from '@jest/globals'
import * as ours from '@ssekit/express-sse'
import express from 'express'
import supertest from 'supertest'

// A second copy, as `require` loads it next to `import` where `module-sync` is not honoured. (It is the built one.)
const other: typeof ours = createRequire(import.meta.url)('../dist/cjs/index.js')

test.each([
  ['one copy', ours, other],
  ['the other copy', other, ours],
])('injectChannel() uses the manager given to the sse() of %s of the package', async (_which, one, another) => {
  const manager = new ours.SseManager()
  const app = express().use(one.sse({ manager }))
  app.get('/', another.injectChannel('news'), (req, res) => res.json(req.sseChannel === manager.get('news')))
  await supertest(app).get('/').expect('true')
  expect(manager.get('news')).toBeDefined()
})
