import type { ChannelOptions, SseChannel } from './channel.js'
import type { SseManager } from './manager.js'

export interface InjectChannelOptions extends ChannelOptions {
  /** Where to look for the channel. @defaultValue the manager of the `sse()` before it */
  readonly manager?: SseManager | undefined
}

/**
 * Which channel a request is for, as `injectChannel()` of every adapter chooses it. Options that are not set are not asked
 * of a channel that is there.
 *
 * @param name of the channel, or what finds it in the request; what that throws is thrown on
 * @param owner whose channel it is where the options name no manager
 * @throws {TypeError} there is no name, or the channel is there with other options
 * @throws {SseError} `ERR_SSE_LIMIT`: there are `maxChannels`
 */
export function channelFor<Request>(
  request: Request,
  name: string | ((request: Request) => string | undefined),
  owner: SseManager,
  { manager = owner, ...options }: InjectChannelOptions = {},
): SseChannel {
  const found = typeof name === 'function' ? name(request) : name
  if (found === undefined) throw new TypeError('injectChannel has found no name of a channel in the request')
  const isPlain = Object.values(options).every((value) => value === undefined)
  return manager.getOrCreate(found, isPlain ? undefined : options)
}
