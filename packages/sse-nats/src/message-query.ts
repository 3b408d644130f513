import type { JetStreamManager, MsgRequest } from '@nats-io/jetstream'
import type { Msg } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'
import type { Inbox } from './inbox.js'
import { type StoredMessage, serverHeader } from './messages.js'
import { repeatUntilAnswered } from './repeat-until-answered.js'

/** By sequence, as the newest of a subject, or as the oldest of a subject from a sequence on. */
export type MessageQuery =
  | { readonly seq: number }
  | { readonly last_by_subj: string }
  | { readonly next_by_subj: string; readonly seq: number }

export interface FoundMessage extends StoredMessage {
  readonly subject: string
}

/** Asks the stream's leader, which has everything that bells have told of. */
export async function leadersMessage(
  { streams }: JetStreamManager,
  stream: string,
  query: MessageQuery,
): Promise<FoundMessage | undefined> {
  // The server supports the third kind of query; the client's types do not.
  const message = await repeatUntilAnswered(() => streams.getMessage(stream, query as MsgRequest))
  if (message === null) return undefined
  const { subject, seq, header, data, time } = message
  return { subject, sequence: seq, headers: header, data, at: time.getTime() }
}

/** Asks any server that has the stream, which may lag a little behind the leader. */
export async function directMessage(
  inbox: Inbox,
  manager: JetStreamManager,
  stream: string,
  query: MessageQuery,
): Promise<FoundMessage | undefined> {
  const subject = `${manager.getOptions().apiPrefix}.DIRECT.GET.${stream}`
  if ('last_by_subj' in query) return foundIn(await inbox.ask(`${subject}.${query.last_by_subj}`, ''))
  return foundIn(await inbox.ask(subject, JSON.stringify(query)))
}

/** @throws {SseError} `ERR_SSE_BACKPLANE`: the reply contains neither a message nor that there is none */
function foundIn({ headers, data }: Msg): FoundMessage | undefined {
  const { code = 0, description = '' } = headers ?? {}
  if (code === 404) return undefined
  if (headers === undefined || code !== 0) throw new SseError('ERR_SSE_BACKPLANE', `the broker refused: ${description}`)
  return {
    subject: serverHeader(headers, 'Nats-Subject'),
    sequence: Number(serverHeader(headers, 'Nats-Sequence')),
    headers,
    data,
    at: Date.parse(serverHeader(headers, 'Nats-Time-Stamp')),
  }
}
