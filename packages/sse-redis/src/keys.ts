/** The keys of one channel. They share a hash tag, so that a cluster has them in one slot. */
export interface ChannelKeys {
  /** The stream of its entries. Also the name of its Pub/Sub channel. */
  readonly log: string
  /** The newest place. It outlives the entries for as long as any process follows the channel. */
  readonly tail: string
  /** What a publisher appended last. */
  published(publisher: string): string
}

/** Readable keys: `ssekit:{news}:log`. @param prefix what all keys and Pub/Sub channels begin with */
export function keysOf(prefix: string, channel: string): ChannelKeys {
  const tag = `${prefix}:{${escapeTag(channel)}}`
  return { log: `${tag}:log`, tail: `${tag}:tail`, published: (publisher) => `${tag}:published:${publisher}` }
}

/** Escapes braces, which would end the hash tag, and keeps names distinct when they become bytes. */
function escapeTag(channel: string): string {
  // A cluster ignores an empty hash tag. No other name becomes this.
  if (channel === '') return '%'
  // A lone surrogate cannot be encoded as UTF-8.
  return channel.replace(
    /[%{}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
