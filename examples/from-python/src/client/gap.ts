/** What a page shows, and how it loads that. */
interface View<State> {
  /** Requests the current state from the server. */
  load(): Promise<State>
  show(state: State): void
  /** The state may contain the event already: applying it once more must do no harm. */
  apply(data: string): void
}

/** Keeps a page's view in step with a channel, even if missed events are no longer retained. */
export function follow<State>(url: string, view: View<State>, retryMs = 2_000): EventSource {
  // #region gap
  const source = new EventSource(url)
  let generation = 0
  // Events that arrive while the state is being loaded, to be applied after it.
  let waiting: string[] | undefined = []

  function reload(): void {
    generation += 1
    const mine = generation
    waiting = []
    view.load().then(
      (state) => {
        // A later gap has started a later load, which has newer state.
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

  // Load only once the stream is open: an event between load and open would be in neither.
  source.addEventListener('open', reload, { once: true })

  // Events were missed, so the view may be wrong: load the state again.
  source.addEventListener('sse-gap', ({ data }) => {
    const { lastEventId, oldestId } = JSON.parse(data)
    console.warn(`events between ${lastEventId} and ${oldestId} are gone`)
    reload()
  })
  // #endregion gap
  return source
}
