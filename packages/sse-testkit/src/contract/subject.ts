import type {
  CloseReason,
  InjectChannelOptions,
  SseChannel,
  SseManager,
  SseOptions,
  SseRequest,
  SseResponse,
  SseSource,
} from '@ssekit/sse-core'

/** How one framework answers one request, in terms that all frameworks share. */
export interface RouteContext {
  /** Node's own request, whatever the framework wraps around it. */
  readonly req: SseRequest
  /** Node's own response. */
  readonly res: SseResponse
  /** The adapter's `res.sse`, `reply.sse` or `ctx.sse`. */
  sse(source: SseSource, options?: SseOptions): Promise<CloseReason>
  /** Sets a header as the framework's other middleware would; an array sets it several times. */
  setHeader(name: string, value: string | readonly string[]): void
  /** What `injectChannel()` put on the request; undefined where the server does not use it. */
  readonly injectedChannel: SseChannel | undefined
}

/** Answers a request; what it returns is returned to the framework, which awaits it where it awaits anything. */
export type Route = (context: RouteContext) => unknown

/** Which channel `injectChannel()` chooses: all but the name are its options. */
export interface InjectedChannel extends InjectChannelOptions {
  /** The name, or what makes it of the request's path. */
  readonly name: string | ((path: string) => string | undefined)
}

export interface StartOptions {
  /** Passed to the adapter. */
  readonly manager: SseManager
  /** Mounts `injectChannel()` before the routes. */
  readonly injectChannel?: InjectedChannel | undefined
}

/** A server of the adapter under test, listening on an address of this machine. */
export interface RunningServer {
  /** Where it listens, without a slash at the end. */
  readonly url: string
  /** What reached the framework's channel for errors, whatever that is: an error handler, an event, a log. */
  readonly reported: readonly unknown[]
  /** Stops as the framework's users stop it, and resolves when it has: no connection is cut. */
  close(): Promise<void>
  /** Cuts every connection and stops. Idempotent, and allowed after `close()`. */
  destroy(): Promise<void>
}

/** Starts a server with routes by their path (`/` to `/anything`), each for every method there is. */
export type StartServer = (routes: Readonly<Record<string, Route>>, options: StartOptions) => Promise<RunningServer>

/** What is true of one subject and not of another; scenarios ask for it, and never for a name. */
export interface AdapterTraits {
  /** What clients must speak. @defaultValue 1 */
  readonly httpVersion: 1 | 2
  /** Whether errors reject the promise of `sse()`, or go to the framework while it resolves to `'error'`. @defaultValue `'reject'` */
  readonly errors: 'reject' | 'resolve'
  /** Whether there is an `injectChannel()`. @defaultValue true */
  readonly injectsChannels: boolean
  /** Whether closing the server ends its streams, or that is up to the manager. @defaultValue false */
  readonly endsStreamsOnClose: boolean
}
