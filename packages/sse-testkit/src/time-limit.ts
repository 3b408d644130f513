import { errorOfCall } from './call-error.js'

/**
 * How long a wait may take unless the call says so, in ms. 4 s, since Jest and Vitest stop a test after 5 s, and could not
 * say what it waited for. The environment variable `SSE_TESTKIT_TIMEOUT_MS` changes it, for slow machines.
 *
 * @throws {RangeError} the variable is no such time
 */
export function defaultTimeoutMs(): number {
  const value = process.env.SSE_TESTKIT_TIMEOUT_MS ?? '4000'
  const timeoutMs = Number(value)
  // A longer time would make Node's timers expire at once.
  if (timeoutMs > 0 && timeoutMs < 2 ** 31) return timeoutMs
  throw new RangeError(`SSE_TESTKIT_TIMEOUT_MS must be a number of milliseconds, at least 1, not '${value}'`)
}

/** Settles as the promise does; rejects if it does not settle in time. */
export async function within<T>(promise: Promise<T>, what: string, timeoutMs: number = defaultTimeoutMs()): Promise<T> {
  const error = errorOfCall(within)
  error.message = `waited for ${what}, then ${timeoutMs} ms passed`
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, timeoutMs, error)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
