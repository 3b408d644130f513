import { setImmediate as turn } from 'node:timers/promises'

/** What a process holds once its garbage is collected. */
export interface Memory {
  /** In V8's heap, and in the buffers that belong to it. */
  readonly heapBytes: number
  /** Of the machine's memory: allocators keep pages for later. */
  readonly residentBytes: number
  /** What keeps the process alive, by kind: servers, sockets, timers. */
  readonly handles: readonly string[]
}

export async function measure(): Promise<Memory> {
  await collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapBytes: heapUsed + external, residentBytes: rss, handles: process.getActiveResourcesInfo().sort() }
}

/** Collects garbage, more than once: weakly held objects are released only in later turns. */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await turn()
    globalThis.gc?.()
  }
}
