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
  /** Sets a header as other middleware of the framework would; an array sets it several times. */
  setHeader(name: string, value: string | readonly string[]): void
  /** The channel that `injectChannel()` put on the request; undefined if the server does not use it. */
  readonly injectedChannel: SseChannel | undefined
}

/** Answers a request. The framework gets the return value, and awaits it if it awaits any. */
export type Route = (context: RouteContext) => unknown

/** Which channel `injectChannel()` chooses: everything except the name is passed to it as options. */
export interface InjectedChannel extends InjectChannelOptions {
  /** The name, or a function that derives it from the path of the request. */
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
  /** Its URL, without a trailing slash. */
  readonly url: string
  /** What reached the framework's channel for errors, whatever that is: an error handler, an event, a log. */
  readonly reported: readonly unknown[]
  /** Stops as the framework's users stop it, and resolves when it has stopped. It destroys no connection. */
  close(): Promise<void>
  /** Destroys all connections and stops. Idempotent, and allowed after `close()`. */
  destroy(): Promise<void>
}

/** Starts a server with routes by path (`/` to `/anything`), each for every HTTP method. */
export type StartServer = (routes: Readonly<Record<string, Route>>, options: StartOptions) => Promise<RunningServer>

/** Where subjects differ. Scenarios ask for these traits, never for a subject's name. */
export interface AdapterTraits {
  /** The HTTP version that clients must speak. @defaultValue 1 */
  readonly httpVersion: 1 | 2
  /** Whether errors reject the promise of `sse()`, or go to the framework while it resolves to `'error'`. @defaultValue `'reject'` */
  readonly errors: 'reject' | 'resolve'
  /** Whether the adapter has an `injectChannel()`. @defaultValue true */
  readonly injectsChannels: boolean
  /**
   * Whether `sse()` writes to Node's response, or makes a `Response` of the Fetch API whose body the server reads. With
   * `'fetch'`, no other code can write to it, only `onError` gets an error after the headers, and connections are the
   * server's.
   * @defaultValue `'node'`
   */
  readonly api: 'node' | 'fetch'
  /** Whether closing the server ends its streams; if not, closing the manager does. @defaultValue false */
  readonly endsStreamsOnClose: boolean
}
