import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { type CloseReason, memoryBackplane, respond, SseManager, type SseOptions } from '@ssekit/sse-core'

const cases: readonly (readonly [what: string, method: string, options: SseOptions, reason: CloseReason])[] = [
  ['HEAD, aborted before it', 'HEAD', { signal: AbortSignal.abort() }, 'aborted'],
  ['a status without a body, aborted before it', 'GET', { status: 204, signal: AbortSignal.abort() }, 'aborted'],
  ['HEAD, of a server that stops before the source is ready', 'HEAD', {}, 'shutdown'],
]

test.each(cases)('a response that has no body is given none: %s', async (_what, method, options, reason) => {
  // Not before the manager is closed.
  const backplane = { ...memoryBackplane(), subscribe: () => new Promise<never>(() => {}) }
  const manager = new SseManager(reason === 'shutdown' ? { backplane } : {})
  const outcomes: Promise<CloseReason>[] = []
  const written: unknown[] = []
  const server = createServer((req, res) => {
    // Node drops it, or throws, with `rejectNonStandardBodyWrites`.
    res.write = (chunk: unknown) => written.push(chunk) > 0
    outcomes.push(respond(req, res, manager.getOrCreate('news'), { manager, ...options }))
    if (reason === 'shutdown') void manager.close({ event: 'bye' })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}`, { method })
  expect([response.status, response.headers.get('content-type')]).toEqual([
    options.status ?? 200,
    'text/event-stream; charset=utf-8',
  ])
  expect(await response.text()).toBe('')
  expect(written).toEqual([])
  expect(await Promise.all(outcomes)).toEqual([reason])
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  await manager.close()
})
