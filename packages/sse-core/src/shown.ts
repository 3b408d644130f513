import { inspect } from 'node:util'

/** Shows a value in an error message, in one line of bounded length: it may be a whole request. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 0, maxArrayLength: 3, maxStringLength: 80, breakLength: Number.POSITIVE_INFINITY })
}
