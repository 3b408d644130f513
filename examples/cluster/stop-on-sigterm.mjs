/**
 * Has SIGTERM end the streams, then the server, and then what is behind it. docs/shutdown.md says why it is done like this.
 *
 * @param {import('node:http').Server} server
 * @param {import('@ssekit/express-sse').SseManager} manager
 * @param {{ first?: () => unknown, last?: () => unknown }} [steps] what is done before the streams end, and when all else has
 */
export function stopOnSigterm(server, manager, { first, last } = {}) {
  let isStopping = false
  // Not `once`: whoever stops a group of processes sends it to the workers, as their primary does, and the second one would kill.
  process.on('SIGTERM', async () => {
    if (isStopping) return
    isStopping = true
    const closed = new Promise((resolve) => server.close(resolve))
    // Whoever still gets an answer does not keep its connection after it.
    server.keepAliveTimeout = 1
    server.prependListener('request', (_req, res) => res.setHeader('Connection', 'close'))
    // The server does not wait for answers that take too long, nor for connections that never ask.
    setTimeout(() => server.closeAllConnections(), 6_000).unref()
    await first?.()
    await manager.close()
    await closed
    await last?.()
  })
}
