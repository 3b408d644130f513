import type { Msg } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'

/** What the broker answers to a publish. */
export type Answer =
  /** It is stored, perhaps from an earlier time that it was sent. */
  | { readonly kind: 'stored'; readonly sequence: number }
  /** It is not: the subject's last message is another one than was expected; 0 if it has none. */
  | { readonly kind: 'unexpected'; readonly last: number }
  /** It may be later: it is being stored just now, as it was sent before, or something else on that subject is. */
  | { readonly kind: 'busy' }
  /** It is not: there is no such stream, or nobody leads it. */
  | { readonly kind: 'nobody' }
  /** It is not, and will not be. */
  | { readonly kind: 'refused'; readonly error: SseError }

const MESSAGE_TOO_BIG = 10_054
const WRONG_LAST_SEQUENCE = 10_071
/** The same without the sequence: newer servers cannot say it while they agree on another message. */
const WRONG_LAST_SEQUENCE_UNKNOWN = 10_164
/** It was sent before and is not stored yet. Servers before 2.11 say then that it is, with the sequence 0. */
const DUPLICATE_IN_PROCESS = 10_158

interface Reply {
  readonly stream?: string
  readonly seq?: number
  readonly error?: { readonly err_code?: number; readonly description?: string }
}

/** @param stream the one that should answer */
export function answerOf(message: Msg, stream: string): Answer {
  if (message.headers?.code === 503) return { kind: 'nobody' }
  const { stream: name, seq, error } = parsed(message)
  if (error === undefined) {
    if (name === stream && seq !== undefined) return seq === 0 ? { kind: 'busy' } : { kind: 'stored', sequence: seq }
    return refused(`the stream ${String(name)} has taken what was published to ${stream}`)
  }
  const { err_code: code, description = 'for no reason that it says' } = error
  if (code === WRONG_LAST_SEQUENCE) {
    const last = /\d+$/.exec(description)
    return last === null ? { kind: 'busy' } : { kind: 'unexpected', last: Number(last[0]) }
  }
  if (code === WRONG_LAST_SEQUENCE_UNKNOWN || code === DUPLICATE_IN_PROCESS) return { kind: 'busy' }
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
