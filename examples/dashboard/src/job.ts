import { setTimeout } from 'node:timers/promises'
import type { SseChannel, SseEvent } from '@ssekit/sse-core'
import { manager } from './channels.js'

/** How far a job is. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly at: number
}

const TOTAL = 120
let jobs = 0

/** Starts a job, which runs whether it is watched or not, and returns its id. */
export function startJob(): string {
  jobs += 1
  const id = String(jobs)
  void run(manager.getOrCreate(`job:${id}`))
  return id
}

/** The channel of a job; null if there is no such job, which `sse()` answers with `204`, so that clients do not reconnect. */
export function findJob(id: string): SseChannel | null {
  return manager.get(`job:${id}`) ?? null
}

async function run(channel: SseChannel): Promise<void> {
  try {
    await channel.pipeFrom(work())
    // The streams end after it, and an EventSource that still reconnects is told to stop.
    await channel.end({ event: 'done', data: progress(TOTAL) })
  } catch (error) {
    // If the error came from closing the manager, the channel is closed too, and this does nothing.
    await channel.end({ event: 'failed', data: { reason: String(error) } })
  }
}

async function* work(): AsyncGenerator<SseEvent<Progress>> {
  for (let done = 1; done <= TOTAL; done++) {
    await setTimeout(80, undefined, { ref: false })
    yield { event: 'progress', data: progress(done) }
  }
}

function progress(done: number): Progress {
  return { done, total: TOTAL, at: Date.now() }
}
