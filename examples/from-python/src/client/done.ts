/** Follows something that comes to an end. */
export function followToTheEnd(url: string, onProgress: (data: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // #region done
    const source = new EventSource(url)
    source.addEventListener('progress', (event) => onProgress(event.data))
    source.addEventListener('done', () => {
      // Else it would come back to ask for more; the server's 204 would then stop it.
      source.close()
      resolve()
    })
    source.addEventListener('error', () => {
      // Otherwise it is on its way back.
      if (source.readyState === EventSource.CLOSED) reject(new Error(`there is nothing to follow at ${url}`))
    })
    // #endregion done
  })
}
