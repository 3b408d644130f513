/**
 * On SIGTERM, ends the streams, then the server, and then what it depends on. docs/shutdown.md explains these steps.
 *
 * @param {import('node:http').Server} server
 * @param {import('@ssekit/express-sse').SseManager} manager
 * @param {{ first?: () => unknown, last?: () => unknown }} [steps] called before the streams end, and after everything else has
 */
export function stopOnSigterm(server, manager, { first, last } = {}) {
  let isStopping = false
  // Not `once`: workers may get SIGTERM from their process group and from their primary, and a second one would kill them.
  process.on('SIGTERM', async () => {
    if (isStopping) return
    isStopping = true
    const closed = new Promise((resolve) => server.close(resolve))
    // A connection that still gets an answer is closed after it.
    server.keepAliveTimeout = 1
    server.prependListener('request', (_req, res) => res.setHeader('Connection', 'close'))
    // Destroys what is left: answers that take too long, and connections that never send a request.
    setTimeout(() => server.closeAllConnections(), 6_000).unref()
    await first?.()
    await manager.close()
    await closed
    await last?.()
  })
}
