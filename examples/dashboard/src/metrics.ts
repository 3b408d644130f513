import { manager, type Sample, samples } from './channels.js'

const EVERY_MS = 500

/** Broadcasts this process's metrics, twice a second, until the returned function is called. */
export function startMetrics(): () => void {
  const run = Date.now()
  let n = 0
  let events = 0
  let cpu = process.cpuUsage()
  let time = performance.now()

  const measure = (): Sample => {
    const used = process.cpuUsage(cpu)
    const elapsedMs = performance.now() - time
    cpu = process.cpuUsage()
    time = performance.now()
    n += 1
    const before = events
    events = manager.stats().events
    return {
      run,
      n,
      at: Date.now(),
      cpuPercent: (used.user + used.system) / 10 / elapsedMs,
      memoryMb: process.memoryUsage.rss() / 2 ** 20,
      eventsPerSecond: ((events - before) * 1000) / elapsedMs,
    }
  }

  // A broadcast need not be awaited: its errors reach the manager's `onError`.
  const timer = setInterval(() => void samples.broadcast({ event: 'sample', data: measure() }), EVERY_MS)
  return () => clearInterval(timer)
}
