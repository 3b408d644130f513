import type { StreamInfo } from '@nats-io/jetstream'
import { SseError } from '@ssekit/sse-core'
import type { Subjects } from './subjects.js'

/** What the server says of a stream. */
export interface StreamState {
  /** When it was made: one that was deleted and made again counts from 1 again, and means other messages. */
  readonly created: string
  /** Of all channels. The next sequence that is given if the stream is empty. */
  readonly firstSequence: number
  readonly lastSequence: number
  /** When the message with that sequence was stored, in ms since the epoch; 0 if there was none. */
  readonly lastTime: number
  /** How many events it keeps of a channel. */
  readonly maxEvents: number
  /**
   * The server's time, in ms since the epoch. Servers say it since 2.10, and since then the copies that are heard bear the time
   * that they were stored at.
   */
  readonly now: number | undefined
  /** Whether messages are read from servers that may be a little behind. */
  readonly isReplicated: boolean
  /** The JetStream domain that it is in, if that has a name. */
  readonly domain: string | undefined
}

/** What is known of one life of a stream. */
export interface StreamSnapshot extends StreamState {
  /** Names that life, in this process. */
  readonly epoch: string
  /** The fewest that it has kept of a channel since it began. */
  readonly maxEvents: number
}

/** What the client's types do not know. */
interface FullInfo extends StreamInfo {
  /** Servers say it since 2.10. */
  readonly ts?: string
  readonly domain?: string
}

/** @throws {SseError} `ERR_SSE_BACKPLANE`: the stream was made by others, and lacks what a backplane needs */
export function stateOf({ config, created, state, ts, domain }: FullInfo, subjects: Subjects): StreamState {
  const { republish, allow_direct: isDirect, max_msgs_per_subject: maxEvents } = config
  const { src, dest } = subjects.republish
  if (isDirect !== true) throw unfit(config.name, 'allow_direct')
  if (republish?.dest !== dest || republish.headers_only === true) {
    throw unfit(config.name, `republish from ${src} to ${dest}`)
  }
  const missing = subjects.stored.find((subject) => !covers(config.subjects ?? [], subject))
  if (missing !== undefined) throw unfit(config.name, `the subject ${missing}`)
  return {
    created: BigInt(created.replace(/\D/g, '')).toString(36),
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    // Before its first message it is a time in the year 1.
    lastTime: Math.max(0, Date.parse(state.last_ts)),
    maxEvents: maxEvents > 0 ? maxEvents : Number.POSITIVE_INFINITY,
    now: ts === undefined ? undefined : Date.parse(ts),
    isReplicated: config.num_replicas > 1,
    domain,
  }
}

/** Whether one of the patterns takes in all that a pattern does. */
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
  return new SseError('ERR_SSE_BACKPLANE', `the stream ${name} is there already, without ${what}`)
}
