// #region use-events
import { useEffect, useState } from 'react'

/** The newest events of a type, a hundred at most. */
export function useEvents<T>(url: string, type: string): readonly T[] {
  const [events, setEvents] = useState<readonly T[]>([])
  useEffect(() => {
    const source = new EventSource(url)
    source.addEventListener(type, ({ data }) => setEvents((seen) => [...seen.slice(-99), JSON.parse(data)]))
    // Events were lost: start again, or load what the component shows.
    source.addEventListener('sse-gap', () => setEvents([]))
    return () => {
      source.close()
      setEvents([])
    }
  }, [url, type])
  return events
}
// #endregion use-events
