import { RetentionPolicy, type StreamInfo } from '@nats-io/jetstream'
import { SseError } from '@ssekit/sse-core'
import type { Subjects } from './subjects.js'

/** The server's description of the stream. */
export interface StreamState {
  /** When the stream was created. One that was deleted and recreated counts from 1 again, for other messages. */
  readonly created: string
  /** Of all channels. In an empty stream it is the next sequence. */
  readonly firstSequence: number
  readonly lastSequence: number
  /** When the message `lastSequence` was stored, in ms since the epoch; 0 if there was none. */
  readonly lastTime: number
  /** How many events it keeps of each channel. */
  readonly maxEvents: number
  /**
   * The server's time, in ms since the epoch. Servers send it since 2.10, and since then republished messages have the
   * time at which they were stored.
   */
  readonly now: number | undefined
  /** Whether reads may be answered by servers that lag a little. */
  readonly isReplicated: boolean
  /** Its JetStream domain, if that has a name. */
  readonly domain: string | undefined
}

/** A state of the stream, in one of its epochs. */
export interface StreamSnapshot extends StreamState {
  /** Names the epoch, within this process. */
  readonly epoch: string
  /** The lowest limit that the stream has had in this epoch. */
  readonly maxEvents: number
}

/** With fields that the client's types lack. */
interface FullInfo extends StreamInfo {
  /** Servers send it since 2.10. */
  readonly ts?: string
  readonly domain?: string
}

/** @throws {SseError} `ERR_SSE_BACKPLANE`: the stream exists, and is not as a backplane needs it */
export function stateOf({ config, created, state, ts, domain }: FullInfo, subjects: Subjects): StreamState {
  const { republish, allow_direct: isDirect, max_msgs_per_subject: maxEvents } = config
  const { src, dest } = subjects.republish
  // Any other removes events that consumers have acknowledged, or that none is waiting for.
  if (config.retention !== RetentionPolicy.Limits) throw unfit(config.name, `with the retention ${config.retention}`)
  if (config.no_ack === true) throw unfit(config.name, 'with no_ack')
  if (config.subject_transform !== undefined) throw unfit(config.name, 'with a subject_transform')
  if (isDirect !== true) throw unfit(config.name, 'without allow_direct')
  if (republish?.dest !== dest || republish.headers_only === true) {
    throw unfit(config.name, `without republish from ${src} to ${dest}`)
  }
  const missing = subjects.stored.find((subject) => !covers(config.subjects ?? [], subject))
  if (missing !== undefined) throw unfit(config.name, `without the subject ${missing}`)
  return {
    created: BigInt(created.replace(/\D/g, '')).toString(36),
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    // Before the first message the server gives a time in year 1.
    lastTime: Math.max(0, Date.parse(state.last_ts)),
    maxEvents: maxEvents > 0 ? maxEvents : Number.POSITIVE_INFINITY,
    now: ts === undefined ? undefined : Date.parse(ts),
    isReplicated: config.num_replicas > 1,
    domain,
  }
}

/** Whether one of the patterns includes all that a pattern matches. */
function covers(patterns: readonly string[], subject: string): boolean {
  const tokens = subject.split('.')
  return patterns.some((pattern) => {
    const expected = pattern.split('.')
    const rest = expected.indexOf('>')
    if (rest === -1 ? expected.length !== tokens.length : tokens.length <= rest) return false
    return (rest === -1 ? expected : expected.slice(0, rest)).every((each, i) => each === '*' || each === tokens[i])
  })
}

function unfit(name: string, what: string): SseError {
  return new SseError('ERR_SSE_BACKPLANE', `the stream ${name} is there already, ${what}`)
}
