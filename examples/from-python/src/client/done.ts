/** Follows a channel until it ends. */
export function followToTheEnd(url: string, onProgress: (data: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // #region done
    const source = new EventSource(url)
    source.addEventListener('progress', (event) => onProgress(event.data))
    source.addEventListener('done', () => {
      // Otherwise the EventSource would reconnect; only the server's 204 would then stop it.
      source.close()
      resolve()
    })
    source.addEventListener('error', () => {
      // In any other state it is reconnecting.
      if (source.readyState === EventSource.CLOSED) reject(new Error(`there is nothing to follow at ${url}`))
    })
    // #endregion done
  })
}
