import type { EventEmitter } from 'node:events'
import type { CloseReason, SseRequest, SseResponse } from '@ssekit/sse-core'
import { within } from '../time-limit.js'
import type { AdapterTraits, RouteContext } from './subject.js'

/** How `sse()` ended. */
export type Outcome = { readonly reason: CloseReason } | { readonly error: unknown }

/** The server's side of one request. */
export class ServedRequest {
  readonly req: SseRequest
  readonly res: SseResponse
  readonly traits: AdapterTraits
  /** Resolves when the response, or the connection below it, is closed. */
  readonly closed: Promise<void>
  #outcome: Promise<Outcome> | undefined
  readonly #listeners: ReadonlyMap<EventEmitter, ReadonlySet<unknown>>

  constructor({ req, res }: RouteContext, traits: AdapterTraits) {
    this.req = req
    this.res = res
    this.traits = traits
    // On HTTP/2, the stream below belongs to Node, and the socket to all streams of the connection.
    const emitters: EventEmitter[] = 'stream' in req ? [req] : [req, req.socket]
    // With the Fetch API it is the server that writes to Node's response.
    if (traits.api === 'node') emitters.push(res)
    this.closed = new Promise((resolve) => {
      res.once('close', resolve)
      // A response that waits for an earlier one on its connection never emits 'close'.
      if (res.socket === null) req.socket.once('close', resolve)
      ours.add(resolve)
    })
    this.#listeners = new Map(emitters.map((emitter) => [emitter, new Set(listenersOf(emitter))]))
  }

  /** Records how the stream ends. */
  watch(promise: Promise<CloseReason>): Promise<CloseReason> {
    this.#outcome = promise.then(
      (reason) => ({ reason }),
      (error: unknown) => ({ error }),
    )
    return promise
  }

  /** Resolves with how `sse()` ended, once it has. */
  outcome(): Promise<Outcome> {
    return within(this.#outcome ?? Promise.reject(new Error('sse() was not called')), 'the end of sse()')
  }

  /** Names the events of request, response and socket that have listeners added since `sse()` was called. */
  get newListeners(): string[] {
    return [...this.#listeners].flatMap(([emitter, before]) =>
      eventsOf(emitter).flatMap((event) =>
        emitter
          .listeners(event)
          .filter((listener) => !before.has(listener) && !ours.has(listener) && !OF_NODE.has(listener.name))
          .map(() => `${emitter.constructor.name} ${String(event)}`),
      ),
    )
  }
}

/** The listeners that this class adds itself. */
const ours = new WeakSet<object>()

/**
 * Listeners that Node itself leaves: on a socket that failed, and on a request whose response is finished before it was
 * read.
 */
const OF_NODE: ReadonlySet<string> = new Set(['noop', 'clearIncoming'])

function eventsOf(emitter: EventEmitter): (string | symbol)[] {
  return emitter.eventNames()
}

function listenersOf(emitter: EventEmitter): unknown[] {
  return eventsOf(emitter).flatMap((event) => emitter.listeners(event))
}
