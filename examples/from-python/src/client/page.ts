/** What a page does with the streams of Cello's chapter. */
export function watch(url: string, log: (line: string) => void): () => void {
  // #region page
  const source = new EventSource(url)

  // Named events go to their own listeners.
  source.addEventListener('auth', (event) => log(`Auth event: ${event.data}`))
  source.addEventListener('order', (event) => log(`Order event: ${event.data}`))
  source.addEventListener('alert', (event) => log(`Alert: ${event.data}`))

  // Events without a name, and those named `message`.
  source.onmessage = (event) => log(`Message: ${event.data}`)

  source.onerror = () => log(source.readyState === EventSource.CLOSED ? 'gave up' : 'reconnecting')

  // Call this when done, to close the connection.
  const stop = (): void => source.close()
  // #endregion page
  return stop
}
