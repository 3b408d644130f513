/** After how long a request is repeated, in ms. */
const REPEAT_MS = 250

/**
 * Repeats a request until there is an answer: a cluster that is electing a leader leaves requests unanswered.
 *
 * @param signal aborted when nobody waits for the answer any more; then the promise never settles
 */
export async function repeatUntilAnswered<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      const attempt = (): void => {
        if (signal?.aborted === true) return
        ask().then(resolve, reject)
        timer = setTimeout(attempt, REPEAT_MS).unref()
      }
      attempt()
    })
  } finally {
    clearTimeout(timer)
  }
}
