// #region with-fetch
import { type EventSourceMessage, fetchEventSource } from '@microsoft/fetch-event-source'

export interface FetchOptions {
  readonly headers: Record<string, string>
  /** What is posted, with each reconnect again. */
  readonly body: string
  readonly onEvent: (event: EventSourceMessage) => void
  /** Events were lost: reload what was made of them. */
  readonly onGap: () => void
  readonly signal: AbortSignal
}

class Refused extends Error {
  constructor(readonly status: number) {
    super(`refused with ${status}`)
  }
}

/** Resolves on `204` and when the signal is aborted. Rejects with any other 4xx but 408, 425 and 429. */
export async function openWithFetch(url: string, options: FetchOptions): Promise<void> {
  const { headers, body, onEvent, onGap, signal } = options
  const reading = fetchEventSource(url, {
    method: 'POST',
    headers,
    body,
    signal,
    // By default it closes the stream while the page is hidden.
    openWhenHidden: true,
    async onopen({ status }) {
      if (status === 200) return
      // What `onerror` does not throw again is retried.
      throw isFinal(status) ? new Refused(status) : new Error(`answered ${status}`)
    },
    onmessage(event) {
      // Unlike an EventSource, it also reports blocks without data: `retry:`, heartbeats and checkpoints.
      if (event.event === 'sse-checkpoint' || (event.event === '' && event.data === '')) return
      if (event.event === 'sse-gap') onGap()
      else onEvent(event)
    },
    onclose() {
      // By default the end of a stream is final.
      throw new Error('the stream has ended')
    },
    onerror(error) {
      if (error instanceof Refused) throw error
    },
  })
  await reading.catch((error) => {
    if (!(error instanceof Refused) || error.status !== 204) throw error
  })
}

function isFinal(status: number): boolean {
  return status === 204 || (status >= 400 && status < 500 && ![408, 425, 429].includes(status))
}
// #endregion with-fetch
