import type { SseEvent } from '@ssekit/sse-core'

/** A stand-in for a queue: the steps of a job, which rejects if there is none of that name. */
export async function stepsOf(id: string): Promise<AsyncIterable<SseEvent>> {
  if (id === 'unknown') throw new Error('no such job')
  return run(id)
}

async function* run(id: string): AsyncGenerator<SseEvent> {
  yield { event: 'step', data: 1 }
  if (id === 'broken') throw new Error('the disk is full')
  yield { event: 'done', data: '' }
}
