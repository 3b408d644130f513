// #region reconnect
/**
 * An EventSource that comes back even after it has given up for good, which it does on any status but 200: a proxy's 502
 * while the server restarts. Everything else it does by itself, with the `retry:` that the server sends.
 */
export function connect(url: string, onMessage: (event: MessageEvent) => void, retryMs = 5_000): () => void {
  let lastEventId = ''
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined

  function open(): void {
    const resumed = new URL(url)
    // A new EventSource has no memory, and cannot set headers.
    if (lastEventId !== '') resumed.searchParams.set('lastEventId', lastEventId)
    source = new EventSource(resumed)
    const remember = (event: MessageEvent): void => {
      lastEventId = event.lastEventId
    }
    source.addEventListener('sse-checkpoint', remember)
    source.addEventListener('message', (event) => {
      remember(event)
      onMessage(event)
    })
    source.addEventListener('error', () => {
      // CONNECTING: it is already on its way back, and a second one would double every event.
      if (source.readyState !== EventSource.CLOSED) return
      timer = setTimeout(open, retryMs * (0.5 + Math.random()))
    })
  }

  open()
  return () => {
    clearTimeout(timer)
    source.close()
  }
}
// #endregion reconnect
