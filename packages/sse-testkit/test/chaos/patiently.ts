import { setTimeout as sleep } from 'node:timers/promises'

/** How long everything may take to be as it should, once the last fault is over. */
export const PATIENCE_MS = 60_000

/** Whether a condition holds within the time that even a busy machine needs. */
export async function patiently(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}
