/** The keys of one channel. They share a hash tag, so that a cluster has them in one slot. */
export interface ChannelKeys {
  /** The stream of its entries, and the name of its bell. */
  readonly log: string
  /** The newest place, which outlives the entries for as long as anybody follows. */
  readonly tail: string
  /** What a publisher has appended last. */
  published(publisher: string): string
}

/** Keys as people can read them: `ssekit:{news}:log`. */
export function keysOf(prefix: string, channel: string): ChannelKeys {
  const tag = `${prefix}:{${escapeTag(channel)}}`
  return { log: `${tag}:log`, tail: `${tag}:tail`, published: (publisher) => `${tag}:published:${publisher}` }
}

/** A name in which no brace ends the hash tag, and no two names are the same as bytes. */
function escapeTag(channel: string): string {
  // A surrogate without its other half has no bytes in UTF-8.
  return channel.replace(
    /[%{}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
