import { refuse, stream } from './answer.js'
import { SseChannel } from './channel.js'
import { type ConnectionStats, SseConnection } from './connection.js'
import type { CloseReason } from './ending.js'
import { SseError } from './errors.js'
import { type LineEnding, requireLineEnding, type SseEvent } from './event.js'
import type { SseRequest, SseResponse } from './exchange.js'
import { answerEmpty, type HeadOptions, requireHead } from './head.js'
import { HeartbeatWheel } from './heartbeat.js'
import { ChannelListener, type EventFilter, requireRewind } from './listener.js'
import type { SseManager } from './manager.js'
import { observed } from './observed.js'
import { warn } from './report.js'
import { release } from './running.js'
import { type ConnectionSettings, resolveSettings } from './settings.js'
import { isPullSource, requireSource, type SseSource } from './source.js'

/** What one response may set for itself, beside what holds for its manager or channel. */
export interface SseOptions
  extends HeadOptions,
    Pick<ConnectionSettings, 'heartbeatMs' | 'retryMs' | 'maxConnectionAgeMs'> {
  /** Makes what is sent when nothing else is. If it throws, that goes to `onError`. @defaultValue the comment `heartbeat` */
  readonly heartbeat?: (() => SseEvent | string) | undefined
  /** The line ending. @defaultValue `'\n'` */
  readonly eol?: LineEnding | undefined
  /** Where to resume. @defaultValue the `Last-Event-ID` header, else the query's `lastEventId` */
  readonly lastEventId?: string | undefined
  /** How many of the newest events a client gets first that has no last event id. @defaultValue 0 */
  readonly rewind?: number | undefined
  /** Only the events of the source for which this is true; asked of replayed events too. If it throws, the stream fails. */
  readonly filter?: EventFilter | undefined
  /** Whether clients' last event ids are moved without news, by `sse-checkpoint` events. @defaultValue true */
  readonly checkpoints?: boolean | undefined
  /** Ends the stream with reason `'aborted'`. */
  readonly signal?: AbortSignal | undefined
  /** Whose connection this is, for `maxConnectionsPerKey`: a user, an address. */
  readonly key?: string | undefined
  /** Anything that belongs to the connection; `manager.disconnect()` and the source find it there. */
  readonly context?: unknown
  /** Hears of the end of the stream, whatever the reason, once. */
  readonly onClose?: ((reason: CloseReason, stats: ConnectionStats) => void) | undefined
}

/** What an adapter adds for its framework. */
export interface RespondOptions extends SseOptions {
  /** Whose limits hold, and whose `close()` ends the stream. @defaultValue the manager of the channel, if it has one */
  readonly manager?: SseManager | undefined
  /** Sends the client away for a while, for this reason: the server is stopping. */
  readonly refusal?: CloseReason | undefined
  /** Called just before the response becomes ours: until then an error is for the framework to answer. */
  readonly onHead?: (() => void) | undefined
}

/**
 * Streams a source as the answer to a request: a channel, an iterable, a stream, or a function that writes. Every adapter
 * calls it, and so may anybody who has `node:http` or `node:http2` alone.
 *
 * Resolves with the reason once the stream is over; a client that leaves is no error. The head is sent as soon as the source
 * is ready: a channel when its log is, an iterable one turn after it was first asked, a function when it first sends,
 * subscribes or opens.
 *
 * @throws what the source throws. If the head was not sent yet, the response is untouched; else it is finished
 * @throws {SseError} `ERR_SSE_HEADERS_SENT`: the response had already begun
 * @throws {TypeError | RangeError} an argument is wrong
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function respond(
  req: SseRequest,
  res: SseResponse,
  source: SseSource,
  options: RespondOptions = {},
): Promise<CloseReason> {
  return observed(begin(req, res, source, options), (error) => {
    const { onError } = options.manager ?? {}
    // Nobody waits. After the head it was told to `onError`, if there is one; before it, nobody else answers.
    if (!res.headersSent || onError === undefined) (onError ?? warn)(error)
    if (!res.headersSent) answerEmpty(res, 500)
  })
}

async function begin(
  req: SseRequest,
  res: SseResponse,
  source: SseSource,
  options: RespondOptions,
): Promise<CloseReason> {
  let connection: SseConnection
  try {
    connection = connect(req, res, source, options)
  } catch (error) {
    if (isPullSource(source)) release(source, options.manager?.report ?? warn)
    throw error
  }
  return connection.ending.over
}

/** @throws what is wrong with the arguments; nothing has happened then */
function connect(req: SseRequest, res: SseResponse, source: SseSource, given: RespondOptions): SseConnection {
  requireSource(source)
  const channel = channelOf(source)
  const options = { ...given, manager: given.manager ?? channel?.manager }
  if (res.headersSent) throw new SseError('ERR_SSE_HEADERS_SENT', 'the response has already begun')
  requireHead(options)
  requireLineEnding(options.eol ?? '\n')
  requireRewind(options.rewind ?? 0)
  const { manager } = options
  const report = manager?.report ?? channel?.report ?? warn
  const settings = resolveSettings(ownSettings(source, options), channel?.settingsUnder(manager) ?? manager?.settings)
  const lastEventId = options.lastEventId ?? lastEventIdOf(req)
  const connection = new SseConnection(req, res, lastEventId, options, {
    settings,
    report,
    onSourceError: manager?.onError,
    wheel: settings.heartbeatMs === 0 ? undefined : wheelOf(manager ?? channel, settings.heartbeatMs),
    onOver: (over) => manager?.remove(over),
  })
  // Decided before anything is awaited, so that of two requests the earlier one gets the place.
  const refusal = connection.closeReason === undefined ? (options.refusal ?? manager?.admit(connection)) : undefined
  const exchange = { req, res, connection, settings, options }
  if (refusal !== undefined) {
    refuse(exchange, refusal)
    release(source, report)
  } else {
    stream(exchange, source).catch((error: unknown) => connection.fail(error))
  }
  return connection
}

/** The manager of a source that is a channel of one. */
export function managerOf(source: SseSource): SseManager | undefined {
  return channelOf(source)?.manager
}

function channelOf(source: unknown): SseChannel | undefined {
  if (source instanceof SseChannel) return source
  return source instanceof ChannelListener ? source.channel : undefined
}

/** What is asked of `listen()` holds for the response too. */
function ownSettings(source: SseSource, options: RespondOptions): ConnectionSettings {
  const { heartbeatMs, retryMs, maxConnectionAgeMs } = options
  const listening = source instanceof ChannelListener ? source.options.heartbeatMs : undefined
  return { heartbeatMs: heartbeatMs ?? listening, retryMs, maxConnectionAgeMs }
}

function wheelOf(owner: SseManager | SseChannel | undefined, heartbeatMs: number): HeartbeatWheel {
  return owner?.wheel(heartbeatMs) ?? new HeartbeatWheel(heartbeatMs)
}

function lastEventIdOf(req: SseRequest): string {
  const header = req.headers['last-event-id']
  // Node reads header bytes as Latin-1, and clients write ids as UTF-8.
  if (typeof header === 'string' && header !== '') return Buffer.from(header, 'latin1').toString('utf8')
  const query = (req.url ?? '').split('?', 2)[1]
  return query === undefined ? '' : (new URLSearchParams(query).get('lastEventId') ?? '')
}
