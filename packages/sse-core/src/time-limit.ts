import { SseError } from './errors.js'

/**
 * Passes on a broker's answer, unless it takes too long.
 *
 * @param limitMs how long to wait, in ms
 * @param question completes "the broker did not answer in 5000 ms: …"
 * @throws {SseError} `ERR_SSE_BACKPLANE`: there was no answer in time, or `answer` rejected, with the reason as
 * `cause`; an `SseError` is passed on as it is
 */
export function inTime<T>(answer: Promise<T>, limitMs: number, question: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new SseError('ERR_SSE_BACKPLANE', `the broker did not answer in ${limitMs} ms: ${question}`))
    }, limitMs)
    answer.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (cause: unknown) => {
        clearTimeout(timer)
        reject(
          cause instanceof SseError
            ? cause
            : new SseError('ERR_SSE_BACKPLANE', `the broker could not be asked: ${question}`, { cause }),
        )
      },
    )
  })
}
