// #region constructor
import { formatEvent, SseEvent } from '@ssekit/sse-core'

const event: SseEvent = {
  data: 'Hello, world!', // any JSON value; text is sent as it is, also with several lines
  event: 'message', // the type that listeners are registered for
  id: '1', // what a client sends when it reconnects
  retry: 3_000, // how long it waits before that, in ms
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
