/** What a page shows, and where it gets it from. */
interface View<State> {
  /** Asks the server for the state as it is now. */
  load(): Promise<State>
  show(state: State): void
  /** An event may be in the state already: to apply it once more must do no harm. */
  apply(data: string): void
}

/** Keeps a page's view in step with a channel, also when the channel could not keep all that was missed. */
export function follow<State>(url: string, view: View<State>, retryMs = 2_000): EventSource {
  // #region gap
  const source = new EventSource(url)
  let generation = 0
  // Loading takes time, and events go on meanwhile: what they change must come after what is loaded.
  let waiting: string[] | undefined = []

  function reload(): void {
    generation += 1
    const mine = generation
    waiting = []
    view.load().then(
      (state) => {
        // A later gap has begun a later load, which knows more than this one.
        if (mine !== generation) return
        view.show(state)
        for (const data of waiting ?? []) view.apply(data)
        waiting = undefined
      },
      () => setTimeout(() => mine === generation && source.readyState !== EventSource.CLOSED && reload(), retryMs),
    )
  }

  source.addEventListener('message', ({ data }) => {
    if (waiting === undefined) view.apply(data)
    else waiting.push(data)
  })

  // Not before the stream is open: what happened in between would be neither in it nor in what is loaded.
  source.addEventListener('open', reload, { once: true })

  // Events between the one we had and the next are lost to us: what we show may be wrong, so it is loaded anew.
  source.addEventListener('sse-gap', ({ data }) => {
    const { lastEventId, oldestId } = JSON.parse(data)
    console.warn(`events between ${lastEventId} and ${oldestId} are gone`)
    reload()
  })
  // #endregion gap
  return source
}
