import { strict as assert } from 'node:assert'
import type { SseChannel } from '@ssekit/sse-core'
import { within } from '../time-limit.js'
import { eventually, oneTurn } from './eventually.js'
import type { ServedRequest } from './served-request.js'
import type { Served, Stage } from './stage.js'

export interface DisconnectedRequest {
  readonly served: Served
  /** The request whose client has disconnected. */
  readonly request: ServedRequest
  /** Channels that it may have been subscribed to. */
  readonly channels?: readonly SseChannel[]
}

/**
 * Fails unless, one turn of the event loop after the server saw it close, a request has left no trace: no subscription,
 * no connection counted by the manager, no listener, a settled promise, and no error in the framework's channel for
 * errors or in `onError`.
 */
export async function assertNoTrace(
  stage: Stage,
  { served, request, channels = [] }: DisconnectedRequest,
): Promise<void> {
  await within(request.closed, 'the server to see that the client has disconnected')
  await oneTurn()
  for (const channel of channels) assert.equal(channel.subscriberCount, 0, `subscribers of ${channel.name}`)
  assert.equal(served.manager.stats().connections, 0, 'open connections')
  assert.deepEqual(request.newListeners, [], 'listeners that stayed')
  assert.deepEqual(await request.outcome(), { reason: 'client' })
  assert.deepEqual(served.reported, [], "the framework's channel for errors")
  assert.deepEqual(stage.errors, [], 'onError')
}

/** Resolves once a channel has this many subscribers. */
export function subscribed(channel: SseChannel, count = 1): Promise<void> {
  return eventually(() => channel.subscriberCount === count, `${count} subscribers of ${channel.name}`)
}
