/** How long to wait for what must happen, in ms. */
const PATIENCE_MS = 15_000

/** Waits until a condition holds, and says what it waited for if it does not come about. */
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

/** Waits until a number stays the same. */
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

/** Publishes until it is accepted. */
export function insist(publish: () => Promise<string>): Promise<void> {
  const isAccepted = (): Promise<boolean> =>
    publish().then(
      () => true,
      () => false,
    )
  return until(isAccepted, () => 'a publish that is accepted')
}
