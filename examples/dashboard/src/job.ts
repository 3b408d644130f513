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

/** Starts a job that nobody has to watch, and says which. */
export function startJob(): string {
  jobs += 1
  const id = String(jobs)
  void run(manager.getOrCreate(`job:${id}`))
  return id
}

/** The channel of a job; null if there is no such job, which `sse()` answers with `204`: do not come back. */
export function findJob(id: string): SseChannel | null {
  return manager.get(`job:${id}`) ?? null
}

async function run(channel: SseChannel): Promise<void> {
  try {
    await channel.pipeFrom(work())
    // The streams end behind it, and an EventSource that comes back nevertheless is told to stop.
    await channel.end({ event: 'done', data: progress(TOTAL) })
  } catch (error) {
    // If that was the manager closing, the channel is closed too, and this does nothing.
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
