import type { SseEvent } from './event.js'
import { rememberBody } from './event-text.js'

/** An event as it was when its text was made, whatever becomes of its data. */
export function snapshotOf(event: SseEvent, body: string): SseEvent {
  if (!isJson(event)) return event
  const snapshot = { ...event, data: readBody(body, true).data }
  rememberBody({ event: snapshot, body })
  return snapshot
}

/** Whether an event's data goes out as JSON: that of a string goes out as it is. */
export function isJson({ data }: SseEvent): boolean {
  return data !== undefined && typeof data !== 'string'
}

/** What the text of an event does not tell: which lines of its own ended with CR. Undefined if none did, as usual. */
export function verbatimOf({ data, comment }: SseEvent): Pick<SseEvent, 'data' | 'comment'> | undefined {
  const isVerbatim = (text: unknown): boolean => typeof text === 'string' && text.includes('\r')
  if (!isVerbatim(data) && !isVerbatim(comment)) return undefined
  return { ...(isVerbatim(data) && { data }), ...(isVerbatim(comment) && { comment }) }
}

/** The event of a text that `bodyOf()` has made, but for what is unread. @param hasJson whether its data is JSON */
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
  if (data.length > 0) event.data = hasJson ? JSON.parse(data.join()) : data.join('\n')
  if (comment.length > 0) event.comment = comment.join('\n')
  return event
}
