/** How long to wait for an expected event, in ms. */
const PATIENCE_MS = 15_000

/** Waits until a condition holds; rejects with what it waited for if it does not hold in time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: () => string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Waits until a number no longer changes. */
export async function settled(value: () => number): Promise<void> {
  let seen = Number.NaN
  await until(
    async () => {
      const isSettled = seen === value()
      seen = value()
      for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve))
      return isSettled
    },
    () => 'silence',
  )
}

/**
 * Repeats an attempt until it succeeds, as a short time limit makes necessary on a busy machine; resolves to its result. An
 * event that is published this way may be stored more than once.
 */
export async function insist<T>(attempt: () => Promise<T>, patienceMs?: number): Promise<T> {
  let refusal: unknown
  let result: [T] | undefined
  const isAccepted = async (): Promise<boolean> => {
    try {
      result = [await attempt()]
    } catch (error) {
      refusal = error
    }
    return result !== undefined
  }
  await until(isAccepted, () => `an attempt that is not refused with ${refusal}`, patienceMs)
  return (result as [T])[0]
}
