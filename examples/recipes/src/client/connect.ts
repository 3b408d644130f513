import type { Gap } from '@ssekit/sse-core'

// #region connect
export interface ConnectOptions {
  /** The types to listen for; an EventSource reports no others. @defaultValue `['message']` */
  readonly events?: readonly string[]
  readonly onEvent: (event: MessageEvent<string>) => void
  /** Events were lost: reload what the page shows. */
  readonly onGap?: (gap: Gap) => void
  /** The stream has ended for good: with `204`, or with a status that refuses it, such as `401`. */
  readonly onEnd?: (status: number) => void
  /** Whether cookies are sent to another origin, too. @defaultValue false */
  readonly withCredentials?: boolean
  /** The first wait after a failure, in ms. Each further one is twice as long, up to 30 s. @defaultValue 1_000 */
  readonly retryMs?: number
}

/**
 * An EventSource that reconnects even after a status on which the browser's would give up, such as a proxy's 502 while the
 * server restarts. If the status is final, it stops. Returns a function that closes it.
 */
export function connect(address: string, options: ConnectOptions): () => void {
  const { events = ['message'], onEvent, onGap, onEnd, withCredentials = false, retryMs = 1_000 } = options
  const url = new URL(address, location.href)
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined
  let probing: AbortController | undefined
  let failures = 0
  let isClosed = false

  function open(): void {
    source = new EventSource(url, { withCredentials })
    source.addEventListener('open', () => {
      failures = 0
    })
    source.addEventListener('error', () => {
      // CONNECTING: it is reconnecting already, and a second one would receive every event again.
      if (source.readyState === EventSource.CLOSED) retryLater()
    })
    source.addEventListener('sse-checkpoint', remember)
    source.addEventListener('sse-gap', (event) => {
      remember(event)
      onGap?.(JSON.parse(event.data))
    })
    for (const type of events) {
      source.addEventListener(type, (event) => {
        remember(event)
        onEvent(event)
      })
    }
  }

  /** For the next EventSource, which does not know the last id and cannot set headers. */
  function remember({ lastEventId }: MessageEvent): void {
    if (lastEventId === '') url.searchParams.delete('lastEventId')
    else url.searchParams.set('lastEventId', lastEventId)
  }

  function retryLater(): void {
    // A random delay, so that a restarted server does not get all pages at once.
    const delayMs = Math.min(30_000, retryMs * 2 ** failures) * (0.5 + Math.random())
    failures += 1
    timer = setTimeout(probe, delayMs)
  }

  /** An EventSource does not report the status on which it gave up. */
  async function probe(): Promise<void> {
    probing = new AbortController()
    const status = await fetch(url, {
      headers: { accept: 'text/event-stream' },
      credentials: withCredentials ? 'include' : 'same-origin',
      cache: 'no-store',
      signal: probing.signal,
    }).then(
      (response) => response.status,
      () => undefined,
    )
    // Only the status is needed.
    probing.abort()
    if (isClosed) return
    if (status === 200) open()
    else if (status !== undefined && isFinal(status)) onEnd?.(status)
    else retryLater()
  }

  open()
  return () => {
    isClosed = true
    clearTimeout(timer)
    probing?.abort()
    source.close()
  }
}

/** Whether another request would get the same answer. */
function isFinal(status: number): boolean {
  return status === 204 || (status >= 400 && status < 500 && ![408, 425, 429].includes(status))
}
// #endregion connect
