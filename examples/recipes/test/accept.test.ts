import { expect, test } from '@jest/globals'
import { serve } from '../../from-python/test/serving.js'
import { app, fastify } from '../src/accept.js'

const json = ['application/json; charset=utf-8', '[{"n":1},{"n":2}]']
const stream = [
  'text/event-stream; charset=utf-8',
  'retry: 2000\n\nevent: row\ndata: {"n":1}\n\nevent: row\ndata: {"n":2}\n\nevent: done\ndata: \n\n',
]

test.each([
  ['Express', app],
  ['Fastify', fastify],
])('%s answers an EventSource with a stream and other clients with JSON', async (_name, server) => {
  const url = `${await serve(server)}/report`
  const answer = async (accept: string) => {
    const response = await fetch(url, { headers: { accept } })
    expect(response.headers.get('vary')).toBe('Accept')
    return [response.headers.get('content-type'), await response.text()]
  }
  expect(await answer('text/event-stream')).toEqual(stream)
  expect(await answer('application/json')).toEqual(json)
  expect(await answer('*/*')).toEqual(json)
})

test('Express answers a client that accepts neither with 406', async () => {
  const response = await fetch(`${await serve(app)}/report`, { headers: { accept: 'image/png' } })
  expect(response.status).toBe(406)
})
