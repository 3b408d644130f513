/** How long to wait until a question is asked once more, in ms. */
const REPEAT_MS = 250

/**
 * Asks again and again until there is an answer: while it agrees on who leads, a cluster leaves questions unanswered.
 *
 * @param signal nobody waits for the answer any more; then it never comes
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
