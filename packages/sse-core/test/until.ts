// Tests may have a clock that stands still.
const now = performance.now.bind(performance)

/** Waits until something is so, a turn of the event loop at a time. Rejects if that takes longer than a busy machine does. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = now() + 15_000
  while (!(await condition())) {
    if (now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
