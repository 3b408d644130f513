/** Follows something that comes to an end. */
export function followToTheEnd(url: string, onProgress: (data: string) => void): Promise<void> {
  return new Promise((resolve) => {
    // #region done
    const source = new EventSource(url)
    source.addEventListener('progress', (event) => onProgress(event.data))
    source.addEventListener('done', () => {
      // Else it would come back to ask for more; the server's 204 would then stop it.
      source.close()
      resolve()
    })
    // #endregion done
  })
}
