import {
  type CloseOptions,
  type CloseReason,
  type ConnectionPredicate,
  channelFor,
  type InjectChannelOptions,
  managerOf,
  respond,
  type SseChannel,
  type SseConnection,
  type SseManager,
  type SseOptions,
  type SseSource,
  sseManager,
} from '@ssekit/sse-core'
import type {
  FastifyBaseLogger,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  FastifyTypeProvider,
  RawRequestDefaultExpression,
  RawServerBase,
  RouteGenericInterface,
} from 'fastify'
import fastifyPlugin from 'fastify-plugin'

export * from '@ssekit/sse-core'

declare module 'fastify' {
  interface FastifyInstance {
    /** The manager of this instance's streams and channels. */
    sseManager: SseManager
  }
  interface FastifyReply {
    /**
     * Streams a source as the response: a channel, an iterable, a stream, or a function that writes. Return or await
     * it.
     *
     * Resolves with the reason once the stream is over, and rejects with an error of the source.
     */
    sse(source: SseSource, options?: SseOptions): Promise<CloseReason>
  }
  interface FastifyRequest {
    /** The channel that `injectChannel()` chose for this request; undefined without it. */
    sseChannel: SseChannel
  }
}

export interface FastifySseOptions {
  /**
   * The manager whose limits hold and whose `close()` ends the streams.
   * @defaultValue the channel's own, else `sseManager`
   */
  readonly manager?: SseManager | undefined
  /** How the streams of this instance end when `fastify.close()` is called. */
  readonly close?: CloseOptions | undefined
}

const OWNER: unique symbol = Symbol('ssekit.owner')

/** A request whose stream belongs to an instance, identified by its managers. (A `WeakSet` would take more memory.) */
type OwnedRequest = SseConnection['req'] & { [OWNER]?: SeenManagers }

/** The managers of an instance's streams, referenced weakly: one that was made for a stream is released with it. */
class SeenManagers {
  readonly #known = new WeakSet<SseManager>()
  readonly #refs = new Set<WeakRef<SseManager>>()
  readonly #collected = new FinalizationRegistry((ref: WeakRef<SseManager>) => this.#refs.delete(ref))

  add(manager: SseManager): void {
    if (this.#known.has(manager)) return
    const ref = new WeakRef(manager)
    this.#known.add(manager)
    this.#refs.add(ref)
    this.#collected.register(manager, ref)
  }

  living(): SseManager[] {
    return [...this.#refs].flatMap((ref) => ref.deref() ?? [])
  }
}

const plugin: FastifyPluginAsync<FastifySseOptions> = async (fastify, { manager, close }) => {
  const managers = new SeenManagers()
  let isClosing = false
  // A client that connects while the instance closes would otherwise hold it open.
  const refusal = (): CloseReason | undefined => (isClosing ? 'shutdown' : undefined)
  fastify.decorate('sseManager', manager ?? sseManager)
  // A request decorator of a parent instance is inherited, and must not be added twice. Reply methods may be replaced.
  if (!fastify.hasRequestDecorator('sseChannel')) fastify.decorateRequest('sseChannel')
  fastify.decorateReply('sse', function (this: FastifyReply, source: SseSource, options?: SseOptions) {
    const owner = manager ?? managerOf(source) ?? sseManager
    managers.add(owner)
    const request: OwnedRequest = this.request.raw
    request[OWNER] = managers
    return respond(request, this.raw, source, {
      ...options,
      manager: owner,
      refusal,
      // Not earlier, or an error before the headers are sent would hang the request.
      onHead: () => takeOver(this),
    })
  })
  fastify.addHook('preClose', async () => {
    isClosing = true
    // Others may share the managers: only streams of this instance end with it.
    const isOwn: ConnectionPredicate = ({ req }) => (req as OwnedRequest)[OWNER] === managers
    await Promise.all(managers.living().map((owner) => owner.drain(isOwn, close)))
  })
}

/**
 * Plugin that gives every reply a `reply.sse()`, and ends this instance's streams before the instance closes.
 *
 * ```ts
 * import Fastify from 'fastify'
 * import sse, { sseManager } from '@ssekit/fastify-sse'
 *
 * const app = Fastify()
 * await app.register(sse)
 * app.get('/events', (request, reply) => reply.sse(sseManager.getOrCreate('news')))
 * ```
 */
export const sse: FastifyPluginAsync<FastifySseOptions> = fastifyPlugin(plugin, {
  name: '@ssekit/fastify-sse',
  fastify: '5.x',
})

export default sse

/**
 * A preHandler for any route of any server. A `preHandlerAsyncHookHandler` would be one for HTTP/1 alone. As a generic
 * function it leaves the types of the route to Fastify.
 */
export type ChannelInjector = <
  RouteGeneric extends RouteGenericInterface,
  RawServer extends RawServerBase,
  RawRequest extends RawRequestDefaultExpression<RawServer>,
  Schema extends FastifySchema,
  TypeProvider extends FastifyTypeProvider,
  Config,
  Logger extends FastifyBaseLogger,
>(
  request: FastifyRequest<RouteGeneric, RawServer, RawRequest, Schema, TypeProvider, Config, Logger>,
) => Promise<void>

/**
 * A preHandler that puts a channel into `request.sseChannel`, by its name or the name that a function finds in the
 * request.
 *
 * @typeParam Params the parameters of the path, which the function finds in `request.params`
 * @typeParam Route the types of the whole route
 */
export function injectChannel<
  Params = Record<string, string>,
  Route extends RouteGenericInterface = { Params: Params },
>(
  name: string | ((request: FastifyRequest<Route>) => string | undefined),
  options?: InjectChannelOptions,
): ChannelInjector {
  return async (untyped) => {
    // The types of Fastify do not know which parameters the path has.
    const request = untyped as unknown as FastifyRequest<Route>
    request.sseChannel = channelFor(request, name, request.server.sseManager, options)
  }
}

/** Copies what Fastify has yet to put on the response, which `hijack()` would drop. */
function takeOver(reply: FastifyReply): void {
  const { raw } = reply
  if (raw.destroyed) {
    // The client gets no headers any more. One that Node refuses would leave the reply to Fastify, which would fail
    // too.
    reply.hijack()
    return
  }
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value)
  }
  for (const cookie of cookiesOf(reply)) raw.appendHeader('Set-Cookie', cookie)
  reply.hijack()
}

/**
 * The cookies of `reply.setCookie()` of @fastify/cookie. The plugin keeps them on the reply until an `onSend` hook,
 * which a hijacked reply does not run: without this they would be lost silently. They are under a symbol of its own,
 * which every reply has, with or without cookies. If the symbol is missing, the plugin has changed, and a warning is
 * logged.
 */
function cookiesOf(reply: FastifyReply): string[] {
  const { server } = reply
  if (!server.hasDecorator('serializeCookie')) return []
  const key = Object.getOwnPropertySymbols(reply).find(({ description }) => description === 'fastify.reply.setCookies')
  if (key === undefined && server.hasPlugin('@fastify/cookie')) {
    reply.log.warn(
      '@ssekit/fastify-sse does not know this @fastify/cookie: a stream has none of the cookies of its reply',
    )
  }
  const cookies: unknown = key && Reflect.get(reply, key)
  const serialize: unknown = Reflect.get(server, 'serializeCookie')
  if (!(cookies instanceof Map) || typeof serialize !== 'function') return []
  return [...cookies.values()].map(({ name, value, opts }) => serialize(name, value, opts))
}
