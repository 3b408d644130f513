import {
  type DirectMsgRequest,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StoredMsg,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { type NatsConnection, nanos } from '@nats-io/transport-node'
import { Coalescer } from './coalescer.js'
import { lifeOf, type StreamLife } from './life.js'
import type { StoredMessage } from './messages.js'
import type { Settings } from './options.js'
import type { Subjects } from './subjects.js'

/** Of an event that is sent again, the server must know that it has it: for at least as long as one may be sent. */
const MIN_DUPLICATE_WINDOW_MS = 30_000

const STREAM_NOT_FOUND = 10_059
const STREAM_NAME_IN_USE = 10_058

/** The JetStream stream that has the logs of all channels. */
export class Stream {
  readonly subjects: Subjects
  readonly connection: NatsConnection
  readonly name: string
  readonly timeoutMs: number
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
    this.#settings = settings
  }

  /** Forgets what is known of it: the connection was lost. */
  doubt(): void {
    this.life = undefined
    this.round += 1
    this.#refreshing = new Coalescer()
    for (const abandon of this.#questions) abandon(new Error('the NATS connection was lost'))
  }

  /** The answer to a question, unless the connection is lost: then it never comes. */
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

  /** The client's, which is made when it is first needed. */
  async manager(): Promise<JetStreamManager> {
    const { domain } = this.#settings
    // Whether there is a JetStream is seen when it is asked.
    const options = { checkAPI: false, timeout: this.timeoutMs, ...(domain === undefined ? {} : { domain }) }
    this.#manager ??= await jetstreamManager(this.connection, options)
    return this.#manager
  }

  /** The newest message of a subject. */
  async last(subject: string): Promise<StoredMessage | undefined> {
    return this.#sure({ last_by_subj: subject })
  }

  /** The same from whichever server answers, which may be a little behind. */
  async lastSeen(subject: string): Promise<StoredMessage | undefined> {
    return this.#direct({ last_by_subj: subject })
  }

  /** The oldest message of a subject from a sequence on, from a server that may be a little behind. */
  async next(subject: string, from: number): Promise<StoredMessage | undefined> {
    return this.#direct({ next_by_subj: subject, seq: Math.max(1, from) })
  }

  /** The message with a sequence, if it is of that subject. */
  async at(sequence: number, subjects: readonly string[]): Promise<StoredMessage | undefined> {
    const message = await this.#sure({ seq: sequence })
    return message !== undefined && subjects.includes(message.subject) ? message : undefined
  }

  /** What a server that is behind does not have is asked of the one that leads. */
  async #sure(query: { seq: number } | { last_by_subj: string }): Promise<Found | undefined> {
    const found = await this.#direct(query)
    if (found !== undefined || this.life?.isReplicated !== true) return found
    const manager = await this.manager()
    return foundIn(await this.ask(manager.streams.getMessage(this.name, query)))
  }

  async #direct(query: DirectMsgRequest): Promise<Found | undefined> {
    const manager = await this.manager()
    return foundIn(await this.ask(manager.direct.getMessage(this.name, query)))
  }

  async #infoOrMade(manager: JetStreamManager): Promise<StreamInfo> {
    try {
      return await manager.streams.info(this.name)
    } catch (error) {
      if (!hasCode(error, STREAM_NOT_FOUND)) throw error
    }
    try {
      return await manager.streams.add(this.#config)
    } catch (error) {
      // Another process was faster, with other options.
      if (!hasCode(error, STREAM_NAME_IN_USE)) throw error
      return manager.streams.info(this.name)
    }
  }

  get #config(): Partial<StreamConfig> & Pick<StreamConfig, 'name'> {
    const { maxEvents, maxAgeMs, maxBytes, storage, replicas, timeoutMs } = this.#settings
    const window = Math.min(maxAgeMs, Math.max(MIN_DUPLICATE_WINDOW_MS, 3 * timeoutMs))
    return {
      name: this.name,
      description: 'The channels of @ssekit/sse-nats',
      subjects: this.subjects.stored,
      republish: this.subjects.republish,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      storage: storage === 'file' ? StorageType.File : StorageType.Memory,
      num_replicas: replicas,
      allow_direct: true,
      max_msgs_per_subject: unlimited(maxEvents, -1),
      max_bytes: unlimited(maxBytes, -1),
      max_age: nanos(unlimited(maxAgeMs, 0)),
      duplicate_window: nanos(window),
    }
  }
}

interface Found extends StoredMessage {
  readonly subject: string
}

function foundIn(stored: StoredMsg | null): Found | undefined {
  if (stored === null) return undefined
  const { subject, seq, header, data, time } = stored
  return { subject, sequence: seq, headers: header, data, at: time.getTime() }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code
}

function unlimited(limit: number, none: number): number {
  return Number.isFinite(limit) ? Math.ceil(limit) : none
}
