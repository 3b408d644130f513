import type { ChannelOptions, SseChannel } from './channel.js'
import type { SseManager } from './manager.js'

export interface InjectChannelOptions extends ChannelOptions {
  /** The manager in which to find or create the channel. @defaultValue the manager of the `sse()` before it */
  readonly manager?: SseManager | undefined
}

/**
 * Returns the channel that a request is for, as `injectChannel()` of every adapter does. If all options are undefined,
 * an existing channel is found whatever its own options are.
 *
 * @param name the channel's name, or a function that finds it in the request; what that throws is thrown on
 * @param owner the manager that is used if the options name none
 * @throws {TypeError} there is no name, or the channel exists with other options
 * @throws {SseError} `ERR_SSE_LIMIT`: there are `maxChannels` channels already
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
