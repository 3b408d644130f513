import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { type CloseReason, memoryBackplane, respond, SseManager, type SseOptions } from '@ssekit/sse-core'

const cases: readonly (readonly [what: string, method: string, options: SseOptions, reason: CloseReason])[] = [
  ['HEAD with an aborted signal', 'HEAD', { signal: AbortSignal.abort() }, 'aborted'],
  ['status 204 with an aborted signal', 'GET', { status: 204, signal: AbortSignal.abort() }, 'aborted'],
  ['HEAD, and the manager closes before the source is ready', 'HEAD', {}, 'shutdown'],
]

test.each(cases)(
  'respond() writes no body if the response must not have one: %s',
  async (_what, method, options, reason) => {
    // The channel never becomes ready, so the manager closes first.
    const backplane = { ...memoryBackplane(), subscribe: () => new Promise<never>(() => {}) }
    const manager = new SseManager(reason === 'shutdown' ? { backplane } : {})
    const outcomes: Promise<CloseReason>[] = []
    const written: unknown[] = []
    const server = createServer((req, res) => {
      // Node would drop such a write, or throw if `rejectNonStandardBodyWrites` is set.
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
  },
)
