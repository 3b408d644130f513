import { serve } from '../serve.mjs'

/** @type {import('../library.mjs').Maker} */
export async function expressSse(load) {
  const { default: SSE } = await load('express-sse')
  /**
   * @param {number} count
   * @param {import('../library.mjs').ChannelOptions} options
   * @returns {Promise<import('../library.mjs').Stand>}
   */
  async function start(count, { transport }) {
    const channels = Array.from({ length: count }, () => new SSE())
    return {
      server: await serve((req, res) => {
        for (const channel of channels) channel.init(req, res)
      }, transport),
      broadcast: ({ data, event, id }, index = 0) => channels[index].send(data, event, id),
      readers: () => channels[0].listenerCount('data'),
    }
  }
  return {
    channel: (options) => start(1, options),
    channels: () => start(2, {}),
    claims: {
      fits: 'Express, anything on `node:http`',
      processes: '–',
    },
    notes: {
      'resume=–': 'Its ids count the events of each connection, from 0.',
    },
  }
}
