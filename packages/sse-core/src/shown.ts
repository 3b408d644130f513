import { inspect } from 'node:util'

const MAX_LENGTH = 200

/** Shows a value in an error message, in one line of bounded length: it may be a whole request. */
export function shown(value: unknown): string {
  const text = inspect(value, { depth: 0, maxArrayLength: 3, maxStringLength: 80 }).replaceAll(/\s*\n\s*/g, ' ')
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
}
