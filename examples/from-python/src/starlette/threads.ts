// #region threads
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, threadId, Worker } from 'node:worker_threads'
import { type SseEvent, SseManager, sse } from '@ssekit/express-sse'
import express from 'express'

async function* threadEvents(): AsyncGenerator<SseEvent> {
  for (let i = 0; i < 5; i++) {
    yield { data: `Thread ${threadId} event ${i}` }
    await sleep(1_000)
  }
}

if (isMainThread) {
  // Each thread has its own event loop and its own manager: nothing is shared, so nothing is bound to another loop.
  for (let i = 0; i < 3; i++) {
    // Without an `error` listener, a thread that fails would end the whole process.
    new Worker(new URL(import.meta.url)).on('error', (error) => console.error('a thread has failed:', error))
  }
} else {
  const app = express()
  app.use(sse({ manager: new SseManager() }))
  app.get('/events', (_req, res) => res.sse(threadEvents()))
  const server = app.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    console.log(`thread ${threadId} listens on http://127.0.0.1:${port}/events`)
  })
}
// #endregion threads
