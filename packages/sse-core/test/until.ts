// Bound before a test can replace the clock.
const now = performance.now.bind(performance)

/** Waits until a condition is true, and checks it once in each turn of the event loop. Rejects after 15 s. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = now() + 15_000
  while (!(await condition())) {
    if (now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
