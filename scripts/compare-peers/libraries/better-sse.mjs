import { serve } from '../serve.mjs'

/** @type {import('../library.mjs').Maker} */
export async function betterSse(load) {
  const { createChannel, createResponse, createSession } = await load('better-sse')
  /**
   * @param {number} count
   * @param {import('../library.mjs').ChannelOptions} options
   * @returns {Promise<import('../library.mjs').Stand>}
   */
  async function start(count, { transport }) {
    const channels = Array.from({ length: count }, () => createChannel())
    const server = await serve(async (req, res) => {
      const session = await createSession(req, res)
      for (const channel of channels) channel.register(session)
    }, transport)
    return {
      server,
      broadcast: ({ data, event, id }, index = 0) =>
        channels[index]?.broadcast(data, event, id === undefined ? {} : { eventId: id }),
      comment: (text) =>
        channels[0].activeSessions[0].batch((/** @type {any} */ buffer) => buffer.comment(text).dispatch()),
      readers: () => channels[0].sessionCount,
    }
  }
  return {
    channel: (options) => start(1, options),
    channels: () => start(2, {}),
    async iterable(source) {
      let readers = 0
      const server = await serve(async (req, res) => {
        const session = await createSession(req, res)
        readers++
        session.once('disconnected', () => readers--)
        // Rejects when the client has disconnected.
        await session.iterate(source).catch(() => {})
      })
      return { server, broadcast: () => {}, readers: () => readers }
    },
    fetch: async (request) => createResponse(request, (/** @type {any} */ session) => session.push('hello')),
    claims: {
      fits: 'anything on `node:http` or Fetch',
      processes: '–',
    },
    notes: {
      'resume=–': 'It gives you the last id (`session.lastId`); history is up to you.',
      'shutdown=–': 'A session has no way to be closed other than ending its response yourself.',
    },
  }
}
