// #region constructor
import { formatEvent, SseEvent } from '@ssekit/sse-core'

const event: SseEvent = {
  data: 'Hello, world!', // any JSON value; text as it is, more than one line too
  event: 'message', // the type that listeners ask for
  id: '1', // what a client comes back with
  retry: 3_000, // when it comes back, in ms
}
// #endregion constructor

// #region factories
// Data alone
const hello = SseEvent.data('Hello!')
// An event with a type
const notification = SseEvent.withEvent('notification', 'You have a new message')
// #endregion factories

// #region wire
const text = formatEvent(event)
const lines = formatEvent('line one\nline two')

// #endregion wire

export { event, hello, lines, notification, text }
