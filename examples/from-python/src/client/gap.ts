/** Keeps a page's view in step with a channel, also when the channel could not keep all that was missed. */
export function follow(url: string, load: () => Promise<void>, apply: (data: string) => void): EventSource {
  // #region gap
  const source = new EventSource(url)
  // Loading takes time, and events go on meanwhile: what they change must come after what is loaded.
  let ready = load()

  source.addEventListener('message', ({ data }) => {
    ready = ready.then(() => apply(data))
  })

  // Events between the one we had and the next are lost to us: what we show may be wrong, so it is loaded anew.
  source.addEventListener('sse-gap', ({ data }) => {
    const { lastEventId, oldestId } = JSON.parse(data)
    console.warn(`events between ${lastEventId} and ${oldestId} are gone`)
    ready = load()
  })
  // #endregion gap
  return source
}
