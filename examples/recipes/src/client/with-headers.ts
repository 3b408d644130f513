// #region with-headers
import { EventSource } from 'eventsource'

export function openWithToken(url: string, getToken: () => string): EventSource {
  const source = new EventSource(url, {
    // Called for every reconnect, so that it sends the current token.
    fetch: (input, init) =>
      fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${getToken()}` } }),
  })
  source.addEventListener('error', ({ code }) => {
    // Unlike a browser's, it reports the status on which it gave up.
    if (source.readyState === EventSource.CLOSED) console.error(`gave up on ${url}: ${code}`)
  })
  return source
}
// #endregion with-headers
