import type { Gap } from '@ssekit/sse-core'

// #region connect
export interface ConnectOptions {
  /** The types to listen for; an EventSource hears no others. @defaultValue `['message']` */
  readonly events?: readonly string[]
  readonly onEvent: (event: MessageEvent<string>) => void
  /** What was sent between two events is lost: load anew what the page shows. */
  readonly onGap?: (gap: Gap) => void
  /** It is over: `204`, or a status that says no, such as `401`. */
  readonly onEnd?: (status: number) => void
  /** Whether cookies go to another origin, too. @defaultValue false */
  readonly withCredentials?: boolean
  /** The first wait after a failure, in ms. Each further one is twice as long, up to 30 s. @defaultValue 1_000 */
  readonly retryMs?: number
}

/**
 * An EventSource that comes back though it has given up, which it does on any status but 200: on a proxy's 502 while the
 * server restarts. Where the status is an answer, it stays away. Returns what closes it.
 */
export function connect(address: string, options: ConnectOptions): () => void {
  const { events = ['message'], onEvent, onGap, onEnd, withCredentials = false, retryMs = 1_000 } = options
  const url = new URL(address, location.href)
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined
  let question: AbortController | undefined
  let failures = 0
  let isClosed = false

  function open(): void {
    source = new EventSource(url, { withCredentials })
    source.addEventListener('open', () => {
      failures = 0
    })
    source.addEventListener('error', () => {
      // CONNECTING: it is already on its way back, and a second one would double every event.
      if (source.readyState === EventSource.CLOSED) askLater()
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

  /** For the next EventSource, which has no memory and cannot set headers. */
  function remember({ lastEventId }: MessageEvent): void {
    if (lastEventId === '') url.searchParams.delete('lastEventId')
    else url.searchParams.set('lastEventId', lastEventId)
  }

  function askLater(): void {
    // Each page its own time, lest a server that is back has all of them at once.
    const delayMs = Math.min(30_000, retryMs * 2 ** failures) * (0.5 + Math.random())
    failures += 1
    timer = setTimeout(ask, delayMs)
  }

  /** An EventSource does not tell the status that made it give up. */
  async function ask(): Promise<void> {
    question = new AbortController()
    const status = await fetch(url, {
      headers: { accept: 'text/event-stream' },
      credentials: withCredentials ? 'include' : 'same-origin',
      cache: 'no-store',
      signal: question.signal,
    }).then(
      (response) => response.status,
      () => undefined,
    )
    // The head is all that we want to know.
    question.abort()
    if (isClosed) return
    if (status === 200) open()
    else if (status !== undefined && isFinal(status)) onEnd?.(status)
    else askLater()
  }

  open()
  return () => {
    isClosed = true
    clearTimeout(timer)
    question?.abort()
    source.close()
  }
}

/** Whether asking again would get the same answer. */
function isFinal(status: number): boolean {
  return status === 204 || (status >= 400 && status < 500 && ![408, 425, 429].includes(status))
}
// #endregion connect
