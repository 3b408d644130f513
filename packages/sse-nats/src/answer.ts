import type { Msg } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'

/** The server's reply to a publish. */
export type Answer =
  /** Stored, perhaps by an earlier attempt. */
  | { readonly kind: 'stored'; readonly sequence: number }
  /** Not stored: the subject's last message is not the one that was expected. `last` is 0 if the subject has none. */
  | { readonly kind: 'wrong-last-sequence'; readonly last: number }
  /** Not stored yet: an earlier attempt, or another message on that subject, is being stored right now. */
  | { readonly kind: 'in-progress' }
  /** Not stored: there is no such stream, or it has no leader. */
  | { readonly kind: 'no-responders' }
  /** Not stored, and retrying will not help. */
  | Refused

interface Refused {
  readonly kind: 'refused'
  readonly error: SseError
  /** Another stream has stored it, perhaps in addition to ours. */
  readonly isElsewhere?: boolean
}

/** The stream that is expected to reply. */
export interface StreamIdentity {
  readonly name: string
  /** Its JetStream domain. */
  readonly domain: string | undefined
}

const MESSAGE_TOO_BIG = 10_054
const WRONG_LAST_SEQUENCE = 10_071
/** The same without the sequence: newer servers cannot name it while they agree on another message. */
const WRONG_LAST_SEQUENCE_UNKNOWN = 10_164
/** An earlier attempt is not stored yet. Servers before 2.11 report it as stored instead, with sequence 0. */
const DUPLICATE_IN_PROCESS = 10_158

interface Reply {
  readonly stream?: string
  readonly domain?: string
  readonly seq?: number
  readonly error?: { readonly err_code?: number; readonly description?: string }
}

export function answerOf(message: Msg, stream: StreamIdentity): Answer {
  if (message.headers?.code === 503) return { kind: 'no-responders' }
  const { stream: name = '', domain, seq, error } = parsed(message)
  if (error === undefined) {
    if (name !== stream.name || domain !== stream.domain) return elsewhere({ name, domain }, stream)
    return seq === undefined || seq === 0 ? { kind: 'in-progress' } : { kind: 'stored', sequence: seq }
  }
  const { err_code: code, description = 'for no reason that it says' } = error
  if (code === WRONG_LAST_SEQUENCE) {
    const last = /\d+$/.exec(description)
    return last === null ? { kind: 'in-progress' } : { kind: 'wrong-last-sequence', last: Number(last[0]) }
  }
  if (code === WRONG_LAST_SEQUENCE_UNKNOWN || code === DUPLICATE_IN_PROCESS) return { kind: 'in-progress' }
  return refused(`the broker refused: ${description}`, code === MESSAGE_TOO_BIG ? 'ERR_SSE_LIMIT' : 'ERR_SSE_BACKPLANE')
}

function parsed(message: Msg): Reply {
  try {
    return message.json<Reply>() ?? {}
  } catch {
    return { error: { description: 'in words that are no JSON' } }
  }
}

function refused(text: string, code: 'ERR_SSE_LIMIT' | 'ERR_SSE_BACKPLANE' = 'ERR_SSE_BACKPLANE'): Answer {
  return { kind: 'refused', error: new SseError(code, text) }
}

/**
 * Leaf nodes carry subjects from one domain to another, and each domain may have a stream of them with its own
 * sequences.
 */
function elsewhere(other: StreamIdentity, stream: StreamIdentity): Answer {
  const advice = 'let all processes use one (the option `domain`), or give each another prefix'
  const text = `${nameOf(other)} stores what is published to ${nameOf(stream)}: ${advice}`
  return { kind: 'refused', error: new SseError('ERR_SSE_BACKPLANE', text), isElsewhere: true }
}

function nameOf({ name, domain }: StreamIdentity): string {
  return domain === undefined ? `the stream ${name} without a domain` : `the stream ${name} of the domain ${domain}`
}
