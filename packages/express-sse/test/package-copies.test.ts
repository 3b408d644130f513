import { expect, test } from '@jest/globals'
import * as ours from '@ssekit/express-sse'
import express from 'express'
import supertest from 'supertest'

// A second copy, as there is where `require` and `import` load different files. Both use the same core.
const copy = '../src/index.ts?copy'
const other: typeof ours = await import(copy)

test.each([
  ['one copy', ours, other],
  ['the other copy', other, ours],
])('injectChannel() uses the manager given to the sse() of %s of the package', async (_which, one, another) => {
  expect(another.sse).not.toBe(one.sse)
  const manager = new ours.SseManager()
  const app = express().use(one.sse({ manager }))
  app.get('/', another.injectChannel('news'), (req, res) => res.json(req.sseChannel === manager.get('news')))
  await supertest(app).get('/').expect('true')
  expect(manager.get('news')).toBeDefined()
})
