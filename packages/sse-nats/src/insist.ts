/** How long to wait until a question is asked once more, in ms. */
const INSIST_MS = 250

/** Asks again and again until there is an answer: while it agrees on who leads, a cluster leaves questions unanswered. */
export async function insist<T>(ask: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      const attempt = (): void => {
        ask().then(resolve, reject)
        timer = setTimeout(attempt, INSIST_MS).unref()
      }
      attempt()
    })
  } finally {
    clearTimeout(timer)
  }
}
