interface Watch {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

// One listener a signal: an application's one signal for all its streams would otherwise be warned of as a leak.
const watches = new WeakMap<AbortSignal, Watch>()

/** Calls back when a signal aborts, until the returned function is called. One that has aborted does not call back. */
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
