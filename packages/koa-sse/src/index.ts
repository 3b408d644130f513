import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type CloseReason,
  channelFor,
  type InjectChannelOptions,
  managerOf,
  respond,
  type SseChannel,
  type SseManager,
  type SseOptions,
  type SseSource,
  sseManager,
} from '@ssekit/sse-core'
import type { Context, ExtendableContext, Middleware } from 'koa'

export * from '@ssekit/sse-core'

declare module 'koa' {
  interface ExtendableContext {
    /**
     * Streams a source as the response: a channel, an iterable, a stream, or a function that writes. Return or await
     * it, or call it before the middleware is done: after that, Koa answers a response that nobody has begun.
     *
     * Resolves with the reason once the stream is over, and rejects with an error of the source.
     */
    sse(source: SseSource, options?: SseOptions): Promise<CloseReason>
    /** The channel that `injectChannel()` chose for this request; undefined without it. */
    sseChannel: SseChannel
  }
}

export interface KoaSseOptions {
  /**
   * The manager whose limits hold and whose `close()` ends the streams.
   * @defaultValue the channel's own, else `sseManager`
   */
  readonly manager?: SseManager | undefined
}

const BEGUN: unique symbol = Symbol('ssekit.begun')

/** A context, with the latest of its streams whose headers were not sent at once. */
type StreamingContext = Context & { [BEGUN]?: Promise<CloseReason> }

/** Registered, because `require` and `import` may load two copies of this file, one for `sse()` and one for `injectChannel()`. */
const MANAGER: unique symbol = Symbol.for('@ssekit/koa-sse.manager')

/** A `ctx.sse`, with the manager that was given to its `sse()`. */
type ManagedMethod = Context['sse'] & { [MANAGER]?: SseManager | undefined }

/** What `sse()` returns. A name of our own, so that a library can export it with its types emitted. */
export interface SseMiddleware extends Middleware {}

/** What `injectChannel()` returns, for the same reason. */
export interface ChannelInjector extends Middleware {}

/**
 * Middleware that gives every context a `ctx.sse()`.
 *
 * ```ts
 * import Koa from 'koa'
 * import { sse, sseManager } from '@ssekit/koa-sse'
 *
 * const app = new Koa()
 * app.use(sse())
 * app.use((ctx) => ctx.sse(sseManager.getOrCreate('news')))
 * ```
 */
export function sse({ manager }: KoaSseOptions = {}): SseMiddleware {
  // One function for all contexts: a closure for each would stay in memory as long as its stream.
  const method: ManagedMethod = function (this: StreamingContext, source, options) {
    const over = respond(this.req, this.res, source, {
      ...options,
      manager: manager ?? managerOf(source) ?? sseManager,
      // With `ctx.body = stream`, Koa 3 would report every client that disconnects to `app.on('error')`. If this were
      // set earlier, an error before the headers are sent would hang the request.
      onHead: () => {
        this.respond = false
        ignoreDeparture(this)
      },
    })
    // The headers wait for the source.
    if (this.respond !== false) this[BEGUN] = over
    return over
  }
  method[MANAGER] = manager
  return (ctx, next) => {
    ctx.sse = method
    const handled = next()
    // The usual stream has sent its headers by now, and nothing more is kept for it.
    return ctx.respond === false ? handled : handled.then(() => unawaited(ctx))
  }
}

/** Waits for a stream that has no headers yet, if the handler does not: Koa would answer in its place. */
async function unawaited(ctx: StreamingContext): Promise<void> {
  const over = ctx[BEGUN]
  if (over === undefined || ctx.respond === false) return
  // Not the promise's own `then`, which would count as handling its error.
  await Promise.prototype.then.call(over, undefined, () => {})
  // By then an error that nobody handles has been answered.
  await nextTurn()
}

/** Keeps Koa from reporting a connection that the client has reset as an error of the application. */
function ignoreDeparture(ctx: Context): void {
  if (!Object.hasOwn(ctx, 'onerror')) {
    ctx.onerror = ignoringDeparture
    return
  }
  const onerror = ctx.onerror.bind(ctx)
  ctx.onerror = (error) => {
    if (!isDeparture(ctx, error)) onerror(error)
  }
}

/** Wraps the `ctx.onerror` of the application's prototype; one function for all contexts. */
function ignoringDeparture(this: Context, error: Error): void {
  const { onerror } = Object.getPrototypeOf(this) as Context
  if (!isDeparture(this, error)) onerror.call(this, error)
}

function isDeparture(ctx: Context, error: Error): boolean {
  return error === ctx.req.socket.errored
}

/**
 * Middleware that puts a channel into `ctx.sseChannel`, by its name or the name that a function finds in the context.
 *
 * @typeParam Ctx the context of the route, as a router types it
 */
export function injectChannel<Ctx extends ExtendableContext = Context>(
  name: string | ((ctx: Ctx) => string | undefined),
  options?: InjectChannelOptions,
): ChannelInjector {
  return (ctx, next) => {
    // The types of Koa do not know which router there is.
    ctx.sseChannel = channelFor(
      ctx as unknown as Ctx,
      name,
      (ctx.sse as ManagedMethod | undefined)?.[MANAGER] ?? sseManager,
      options,
    )
    return next()
  }
}
