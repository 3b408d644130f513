// #region stream
import { SseStream } from '@ssekit/sse-core'

const stream = new SseStream()

// Add events
stream.add({ data: 'First event' })
stream.add({ data: 'Status update', event: 'status' })
stream.add({ data: 'Alert!', event: 'alert', id: '3' })

// Shorter forms
stream.addData('Simple data event')
stream.addEvent('notification', 'New message received')

// Events waiting to be sent
const length: number = stream.length // 5
const isEmpty: boolean = stream.isEmpty // false

// #endregion stream

export { isEmpty, length, stream }
