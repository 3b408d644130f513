import { serve } from '../serve.mjs'

/** @type {import('../library.mjs').Maker} */
export async function sseChannel(load) {
  const { default: SseChannel } = await load('sse-channel')
  /**
   * @param {number} count
   * @param {import('../library.mjs').ChannelOptions} options
   * @returns {Promise<import('../library.mjs').Stand>}
   */
  async function start(count, { transport, historyEvents }) {
    const channels = Array.from({ length: count }, () => new SseChannel({ historySize: historyEvents }))
    return {
      server: await serve((req, res) => {
        for (const channel of channels) channel.addClient(req, res)
      }, transport),
      broadcast: ({ data, event, id }, index = 0) =>
        channels[index].send({ data, event, id: id !== undefined && /^\d+$/.test(id) ? Number(id) : id }),
      readers: () => channels[0].getConnectionCount(),
      shutDown: async () => {
        for (const channel of channels) channel.close()
      },
    }
  }
  return {
    channel: (options) => start(1, options),
    channels: () => start(2, {}),
    claims: {
      fits: 'anything on `node:http`',
      processes: '–',
    },
    notes: {
      'resume=✓': 'Only with ids that are increasing numbers, which you supply.',
    },
  }
}
