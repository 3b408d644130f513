interface Watch {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

// One listener per signal. With one per stream, Node would warn of a leak if many streams share a signal.
const watches = new WeakMap<AbortSignal, Watch>()

/** Calls back when a signal aborts, until the returned function is called; not if it has aborted already. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => {}
  const { callbacks, listener } = watches.get(signal) ?? watch(signal)
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0 || watches.get(signal)?.callbacks !== callbacks) return
    watches.delete(signal)
    signal.removeEventListener('abort', listener)
  }
}

function watch(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>()
  const listener = (): void => {
    for (const callback of callbacks) callback()
  }
  const made = { callbacks, listener }
  watches.set(signal, made)
  signal.addEventListener('abort', listener)
  return made
}
