import { setTimeout as wait } from 'node:timers/promises'
import {
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type MsgRequest,
  type StreamInfo,
} from '@nats-io/jetstream'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { SseError } from '@ssekit/sse-core'
import { type Answer, answerOf } from './answer.js'
import { Coalescer } from './coalescer.js'
import { EpochTracker } from './epoch-tracker.js'
import { Inbox } from './inbox.js'
import { LivenessProbe } from './liveness-probe.js'
import type { StoredMessage } from './messages.js'
import type { Settings } from './options.js'
import { repeatUntilAnswered } from './repeat-until-answered.js'
import { streamConfig } from './stream-config.js'
import { infoOrCreate } from './stream-creation.js'
import { type StreamSnapshot, type StreamState, stateOf } from './stream-state.js'
import type { Subjects } from './subjects.js'

/** How long to wait for a server that leads and is behind, in ms. */
const BEHIND_MS = 100

/** For how long nothing is published once another stream was seen to store it, too, in ms; then it is tried again. */
const CONTESTED_MS = 30_000

/** By its sequence, as the newest of a subject, or as the oldest of a subject from a sequence on. */
type MessageQuery =
  | { readonly seq: number }
  | { readonly last_by_subj: string }
  | { readonly next_by_subj: string; readonly seq: number }

export interface FoundMessage extends StoredMessage {
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
  snapshot: StreamSnapshot | undefined
  /** The JetStream domain that it was last seen in. */
  domain: string | undefined
  /**
   * Rises when what is known may not be so any more: messages were missed, or it is another stream. What was read before that
   * has to be read again.
   */
  generation = 0
  readonly #settings: Settings
  readonly #epochs = new EpochTracker()
  readonly #livenessProbe: LivenessProbe
  readonly #onUnfit: () => void
  readonly #questions = new Set<(error: Error) => void>()
  #refreshing = new Coalescer<StreamSnapshot>()
  #manager: JetStreamManager | undefined
  #lookedAt = 0
  #contest: { readonly error: SseError; readonly until: number } | undefined

  /** @param onUnfit called when it is seen to lack what a backplane needs, as after an edit */
  constructor(connection: NatsConnection, subjects: Subjects, settings: Settings, onUnfit: () => void) {
    this.connection = connection
    this.subjects = subjects
    this.name = settings.stream
    this.timeoutMs = settings.timeoutMs
    this.#livenessProbe = new LivenessProbe(connection, settings.timeoutMs)
    this.inbox = new Inbox(connection, {
      timeoutMs: settings.timeoutMs,
      onSilence: () => void this.#livenessProbe.probe(),
      // The publish was answered by our stream first. Messages of the stream, which were asked for twice, have headers.
      onStray: (reply) => reply.headers === undefined && this.answerOf(reply),
    })
    this.#settings = settings
    this.#onUnfit = onUnfit
  }

  /** Whether another stream was seen to store what is published to this one, and the error that says so. */
  get contested(): SseError | undefined {
    return this.#contest !== undefined && performance.now() < this.#contest.until ? this.#contest.error : undefined
  }

  /** What a reply to a publish says. */
  answerOf(reply: Msg): Answer {
    const answer = answerOf(reply, this)
    if (answer.kind === 'refused' && answer.isElsewhere === true) {
      this.#contest = { error: answer.error, until: performance.now() + CONTESTED_MS }
    }
    return answer
  }

  /** Forgets what is known of it, and gives up what is being asked: the connection was lost. */
  invalidate(): void {
    const error = new SseError('ERR_SSE_BACKPLANE', 'the NATS connection was lost')
    this.snapshot = undefined
    this.generation += 1
    this.#refreshing = new Coalescer()
    this.#livenessProbe.reset()
    this.inbox.abandon(error)
    for (const abandon of this.#questions) abandon(error)
  }

  /** The user may not publish to a subject: gives up what was asked there. The error, if that was to see or to make the stream itself. */
  refuse(subject: string, cause: Error): SseError | undefined {
    const error = this.inbox.refuse(subject, cause)
    if (!['INFO', 'CREATE'].some((verb) => subject.endsWith(`.STREAM.${verb}.${this.name}`))) return undefined
    for (const abandon of this.#questions) abandon(error)
    return error
  }

  /** The answer to a question that the client asks, unless the connection is lost: then it never comes. */
  rejectOnDisconnect<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#questions.add(reject)
      answer.then(resolve, reject).finally(() => this.#questions.delete(reject))
    })
  }

  /** Asks what it is like now, and makes it if there is none. */
  refresh(): Promise<StreamSnapshot> {
    return this.#refreshing.ask('', async () => {
      const { generation } = this
      this.#lookedAt = performance.now()
      const snapshot = await this.#snapshotNow()
      if (this.snapshot !== undefined && this.snapshot.epoch !== snapshot.epoch) this.generation += 1
      if (this.generation === generation || this.snapshot !== undefined) this.snapshot = snapshot
      return snapshot
    })
  }

  /** Looks at it again if nobody has for so long, since others may have edited it. Never rejects. */
  refreshIfStale(everyMs: number): void {
    if (this.snapshot !== undefined && performance.now() - this.#lookedAt > everyMs) this.refresh().catch(() => {})
  }

  /** A message of this life was heard or read. */
  noteSequence(sequence: number): void {
    this.#epochs.noteSequence(sequence)
  }

  /** There is another message than there was in a life: that is over, and another one has begun. */
  startNewEpoch(epoch: string): void {
    if (this.snapshot?.epoch !== epoch) return
    this.#epochs.startNewEpoch()
    this.snapshot = this.#epochs.snapshotOf(this.snapshot, this.#epochs.seen)
    this.generation += 1
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

  /**
   * The newest message of a subject.
   *
   * @param isSure false: from whichever server answers, which may be a little behind
   */
  last(subject: string, isSure = true): Promise<StoredMessage | undefined> {
    return this.#get({ last_by_subj: subject }, isSure)
  }

  /** The oldest message of a subject from a sequence on. */
  next(subject: string, from: number, isSure = true): Promise<StoredMessage | undefined> {
    return this.#get({ next_by_subj: subject, seq: Math.max(1, from) }, isSure)
  }

  /** The message with a sequence, of whatever channel. */
  at(sequence: number): Promise<FoundMessage | undefined> {
    return this.#get({ seq: Math.max(1, sequence) })
  }

  async #info(): Promise<StreamInfo> {
    const manager = await this.manager()
    const asking = new AbortController()
    try {
      return await this.rejectOnDisconnect(
        infoOrCreate(manager, streamConfig(this.#settings, this.subjects), asking.signal),
      )
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) void this.#livenessProbe.probe()
      throw error
    } finally {
      asking.abort()
    }
  }

  #stateOf(info: StreamInfo): StreamState {
    try {
      return stateOf(info, this.subjects)
    } catch (error) {
      this.#onUnfit()
      throw error
    }
  }

  /** Only who leads is sure to have what it has told of already. */
  async #get(query: MessageQuery, isSure = true): Promise<FoundMessage | undefined> {
    const { isReplicated } = this.snapshot ?? (await this.refresh())
    if (!isReplicated || !isSure) return this.#direct(query)
    // The server knows the third kind of question too, the client's types do not.
    const { streams } = await this.manager()
    const message = await this.rejectOnDisconnect(
      repeatUntilAnswered(() => streams.getMessage(this.name, query as MsgRequest)),
    )
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

  async #snapshotNow(): Promise<StreamSnapshot> {
    for (;;) {
      const { seen } = this.#epochs
      const state = this.#stateOf(await this.#info())
      this.domain = state.domain
      const snapshot = this.#epochs.snapshotOf(state, seen)
      if (snapshot !== undefined) return snapshot
      await wait(BEHIND_MS, undefined, { ref: false })
    }
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
