import compress from '@fastify/compress'

/** @type {import('../library.mjs').Maker} */
export async function fastifySse(load) {
  const { default: sse } = await load('@fastify/sse')
  const { default: Fastify } = await load('fastify')

  /**
   * @param {import('../library.mjs').ChannelOptions} options
   * @param {(reply: any) => unknown} handler
   */
  async function start({ transport }, handler) {
    const app = Fastify()
    await app.register(sse)
    if (transport === 'compression') await app.register(compress, { threshold: 0 })
    app.get('/', { sse: 'only' }, async (/** @type {unknown} */ _request, /** @type {any} */ reply) => {
      await handler(reply)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app
  }
  return {
    async channel(options) {
      // It has no channels, so the application collects the replies that are kept alive.
      const replies = new Set()
      const app = await start(options, (reply) => {
        reply.sse.keepAlive()
        reply.sse.sendHeaders()
        replies.add(reply)
        reply.sse.onClose(() => replies.delete(reply))
      })
      const send = (/** @type {unknown} */ message) => {
        for (const reply of replies) reply.sse.send(message).catch(() => {})
      }
      return {
        server: app.server,
        broadcast: send,
        string: send,
        readers: () => replies.size,
        shutDown: () => app.close(),
      }
    },
    async iterable(source) {
      let readers = 0
      const app = await start({}, async (reply) => {
        readers++
        reply.sse.onClose(() => readers--)
        await reply.sse.send(source)
      })
      return { server: app.server, broadcast: () => {}, readers: () => readers }
    },
    claims: {
      fits: 'Fastify 5',
      resume: 'your code',
      gap: 'your code',
      channels: 'your code',
      paused: 'your code',
      processes: '–',
    },
    notes: {
      fits: 'It has no channels; in this table, a `Set` of replies stands in for one.',
      resume: '`reply.sse.replay(callback)` calls your function with the last id.',
      'head=–': 'They go out with the first event or the first heartbeat, even after `sendHeaders()`.',
      paused: 'An awaited `send()` waits for its reader; sends that are not awaited pile up.',
      'shutdown=–':
        '`app.close()` waits for streams that are kept alive, unless you close each one or set `forceCloseConnections`.',
      forge: 'The `data` of an event object is safe; a bare string is not safe against a lone CR.',
    },
  }
}
