/** What was answered, for the message of an error. */
export function answerOf(status: number, contentType: string | null | undefined, text: string): string {
  const type = contentType?.split(';')[0] ?? ''
  const head = status === 0 ? '' : `HTTP ${`${status} ${type}`.trim()}; `
  return `${head}received ${JSON.stringify(text.slice(-2_000))}`
}

export function eventCount(count: number): string {
  return count === 1 ? '1 event' : `${count} events`
}
