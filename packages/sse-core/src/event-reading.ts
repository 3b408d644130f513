import type { SseEvent } from './event.js'
import { rememberBody } from './event-text.js'

/** Returns an event as it was when its text was made, even if its data changes later. */
export function snapshotOf(event: SseEvent, body: string): SseEvent {
  if (!isJson(event)) return event
  const snapshot = { ...event, data: readBody(body, true).data }
  rememberBody({ event: snapshot, body })
  return snapshot
}

/** Whether an event's data is sent as JSON; a string is sent as it is. */
export function isJson({ data }: SseEvent): boolean {
  return data !== undefined && typeof data !== 'string'
}

/** Returns the fields with CR line endings, which the event's text does not preserve; undefined if none, as usual. */
export function verbatimOf({ data, comment }: SseEvent): Pick<SseEvent, 'data' | 'comment'> | undefined {
  const isVerbatim = (text: unknown): boolean => typeof text === 'string' && text.includes('\r')
  if (!isVerbatim(data) && !isVerbatim(comment)) return undefined
  return { ...(isVerbatim(data) && { data }), ...(isVerbatim(comment) && { comment }) }
}

/**
 * Reads an event from a text that `bodyOf()` made. The text has no id, and its CR line endings have become LF.
 *
 * @param hasJson whether the event's data is JSON
 */
export function readBody(body: string, hasJson: boolean): SseEvent {
  const event: { -readonly [K in keyof SseEvent]: SseEvent[K] } = {}
  const data: string[] = []
  const comment: string[] = []
  for (const line of body.split('\n')) {
    if (line === '') break
    const end = line.indexOf(': ')
    const field = line.slice(0, end)
    const value = line.slice(end + 2)
    if (field === 'data') data.push(value)
    else if (field === '') comment.push(value)
    else if (field === 'event') event.event = value
    else if (field === 'retry') event.retry = Number(value)
  }
  if (data.length > 0) {
    const text = data.join('\n')
    event.data = hasJson ? JSON.parse(text) : text
  }
  if (comment.length > 0) event.comment = comment.join('\n')
  return event
}
