import {
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type MsgRequest,
  type StreamInfo,
} from '@nats-io/jetstream'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'
import { Coalescer } from './coalescer.js'
import { Inbox } from './inbox.js'
import { lifeOf, type StreamLife } from './life.js'
import type { StoredMessage } from './messages.js'
import type { Settings } from './options.js'
import { streamConfig } from './stream-config.js'
import type { Subjects } from './subjects.js'

const STREAM_NOT_FOUND = 10_059
/** What is said of a stream that others have made meanwhile: by its name, or by its subjects where that is seen first. */
const MADE_BY_OTHERS = [10_058, 10_065]

/** How long to wait until a question is asked once more, in ms. */
const INSIST_MS = 250

/** By its sequence, as the newest of a subject, or as the oldest of a subject from a sequence on. */
type MessageQuery =
  | { readonly seq: number }
  | { readonly last_by_subj: string }
  | { readonly next_by_subj: string; readonly seq: number }

interface FoundMessage extends StoredMessage {
  readonly subject: string
}

/** The JetStream stream that has the logs of all channels. */
export class Stream {
  readonly connection: NatsConnection
  readonly subjects: Subjects
  readonly name: string
  readonly timeoutMs: number
  readonly inbox: Inbox
  /** What is known of it. */
  life: StreamLife | undefined
  /**
   * Rises when what is known may not be so any more: messages were missed, or it is another stream. What was read before that
   * has to be read again.
   */
  round = 0
  readonly #settings: Settings
  readonly #questions = new Set<(error: Error) => void>()
  #refreshing = new Coalescer<StreamLife>()
  #manager: JetStreamManager | undefined

  constructor(connection: NatsConnection, subjects: Subjects, settings: Settings) {
    this.connection = connection
    this.subjects = subjects
    this.name = settings.stream
    this.timeoutMs = settings.timeoutMs
    this.inbox = new Inbox(connection, settings.timeoutMs)
    this.#settings = settings
  }

  /** Forgets what is known of it, and gives up what is being asked: the connection was lost. */
  doubt(): void {
    const error = new SseError('ERR_SSE_BACKPLANE', 'the NATS connection was lost')
    this.life = undefined
    this.round += 1
    this.#refreshing = new Coalescer()
    this.inbox.abandon(error)
    for (const abandon of this.#questions) abandon(error)
  }

  /** The answer to a question that the client asks, unless the connection is lost: then it never comes. */
  ask<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#questions.add(reject)
      answer.then(resolve, reject).finally(() => this.#questions.delete(reject))
    })
  }

  /** Asks what it is like now, and makes it if there is none. */
  refresh(): Promise<StreamLife> {
    return this.#refreshing.ask('', async () => {
      const { round } = this
      const life = lifeOf(await this.ask(this.#infoOrMade(await this.manager())), this.subjects)
      if (this.life !== undefined && this.life.epoch !== life.epoch) this.round += 1
      if (this.round === round || this.life !== undefined) this.life = life
      return life
    })
  }

  /** The client's, which is made when it is first needed; the inbox is open then. */
  async manager(): Promise<JetStreamManager> {
    const { domain } = this.#settings
    // Whether there is a JetStream is seen when it is asked.
    const options = { checkAPI: false, timeout: this.timeoutMs, ...(domain === undefined ? {} : { domain }) }
    this.#manager ??= await jetstreamManager(this.connection, options)
    this.inbox.open(this.#manager.getOptions().watcherPrefix)
    return this.#manager
  }

  /** The newest message of a subject. */
  last(subject: string): Promise<StoredMessage | undefined> {
    return this.#get({ last_by_subj: subject })
  }

  /** The same from whichever server answers, which may be a little behind. */
  lastSeen(subject: string): Promise<StoredMessage | undefined> {
    return this.#direct({ last_by_subj: subject })
  }

  /** The oldest message of a subject from a sequence on. */
  next(subject: string, from: number): Promise<StoredMessage | undefined> {
    return this.#get({ next_by_subj: subject, seq: Math.max(1, from) })
  }

  /** The same from whichever server answers. */
  nextSeen(subject: string, from: number): Promise<StoredMessage | undefined> {
    return this.#direct({ next_by_subj: subject, seq: Math.max(1, from) })
  }

  /** The message with a sequence, if it is of one of these subjects. */
  async at(sequence: number, subjects: readonly string[]): Promise<StoredMessage | undefined> {
    const message = await this.#get({ seq: sequence })
    return message !== undefined && subjects.includes(message.subject) ? message : undefined
  }

  /** Only who leads is sure to have what it has told of already. */
  async #get(query: MessageQuery): Promise<FoundMessage | undefined> {
    const { isReplicated } = this.life ?? (await this.refresh())
    if (!isReplicated) return this.#direct(query)
    // The server knows the third kind of question too, the client's types do not.
    const { streams } = await this.manager()
    const message = await this.ask(insist(() => streams.getMessage(this.name, query as MsgRequest)))
    if (message === null) return undefined
    const { subject, seq, header, data, time } = message
    return { subject, sequence: seq, headers: header, data, at: time.getTime() }
  }

  async #direct(query: MessageQuery): Promise<FoundMessage | undefined> {
    const { apiPrefix } = (await this.manager()).getOptions()
    const subject = `${apiPrefix}.DIRECT.GET.${this.name}`
    if ('last_by_subj' in query) return foundIn(await this.inbox.ask(`${subject}.${query.last_by_subj}`, ''))
    return foundIn(await this.inbox.ask(subject, JSON.stringify(query)))
  }

  async #infoOrMade(manager: JetStreamManager): Promise<StreamInfo> {
    try {
      return await insist(() => begun(manager.streams.info(this.name)))
    } catch (error) {
      if (!hasCode(error, STREAM_NOT_FOUND)) throw error
    }
    return this.#make(manager)
  }

  /** Asks for it once, since a cluster may make it twice else, and looks whether it is there: others may be at it too. */
  async #make({ streams }: JetStreamManager): Promise<StreamInfo> {
    const making = begun(streams.add(streamConfig(this.#settings, this.subjects)))
    const made = making.catch((error: unknown) => {
      if (!MADE_BY_OTHERS.some((code) => hasCode(error, code))) throw error
      // If there is none of its name, others have its subjects.
      return begun(streams.info(this.name)).catch(() => {
        throw error
      })
    })
    let isFirst = true
    return insist(() => {
      if (isFirst) {
        isFirst = false
        return made
      }
      return begun(streams.info(this.name)).catch(() => new Promise<never>(() => {}))
    })
  }
}

/** Never comes for a stream that is being made, which the server says was made in the year 1: another life, it would seem. */
async function begun(answer: Promise<StreamInfo>): Promise<StreamInfo> {
  const info = await answer
  return info.created.startsWith('0001-') ? new Promise<never>(() => {}) : info
}

/** Asks again and again until there is an answer: while it agrees on who leads, a cluster leaves questions unanswered. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      const attempt = (): void => {
        ask().then(resolve, reject)
        timer = setTimeout(attempt, INSIST_MS).unref()
      }
      attempt()
    })
  } finally {
    clearTimeout(timer)
  }
}

/** @throws {SseError} `ERR_SSE_BACKPLANE`: the reply says neither what there is nor that there is nothing */
function foundIn({ headers, data }: Msg): FoundMessage | undefined {
  const { code = 0, description = '' } = headers ?? {}
  if (code === 404) return undefined
  if (headers === undefined || code !== 0) throw new SseError('ERR_SSE_BACKPLANE', `the broker refused: ${description}`)
  const at = Date.parse(headers.get('Nats-Time-Stamp'))
  return { subject: headers.get('Nats-Subject'), sequence: Number(headers.get('Nats-Sequence')), headers, data, at }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code
}
