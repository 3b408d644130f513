// #region with-headers
import { EventSource } from 'eventsource'

export function openWithToken(url: string, getToken: () => string): EventSource {
  const source = new EventSource(url, {
    // Called for every reconnect: a token that was renewed meanwhile is the one that is sent.
    fetch: (input, init) =>
      fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${getToken()}` } }),
  })
  source.addEventListener('error', ({ code }) => {
    // Unlike a browser's, it says which status made it give up.
    if (source.readyState === EventSource.CLOSED) console.error(`gave up on ${url}: ${code}`)
  })
  return source
}
// #endregion with-headers
