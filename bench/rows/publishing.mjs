/** How many events arrive in a round, on all streams together: enough for some 100 ms of CPU time. */
const DELIVERIES = 30_000

/**
 * Measures the server's CPU time for each event that arrives.
 *
 * @param {number} subscribers
 * @param {import('../load/workload.mjs').Workload} workload
 */
export function perDelivery(subscribers, workload) {
  const deliveries = subscribers * workload.count
  const publications = Math.max(3, Math.ceil(DELIVERIES / deliveries))
  const expected = { publications, deliveries, each: publications * workload.count }
  return async (/** @type {import('../subject.mjs').Subject} */ subject) => {
    const usage = await subject.usage(() => subject.client.call('publish', workload, expected))
    return {
      value: (usage.cpuMs * 1000) / (publications * deliveries),
      clientShare: usage.clientCpuMs / usage.wallMs,
    }
  }
}
