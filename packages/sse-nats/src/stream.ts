import { setTimeout as wait } from 'node:timers/promises'
import { JetStreamApiError, type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { Coalescer, SseError } from '@ssekit/sse-core'
import { type Answer, answerOf } from './answer.js'
import { EpochTracker } from './epoch-tracker.js'
import { Inbox } from './inbox.js'
import { LivenessProbe } from './liveness-probe.js'
import { directMessage, type FoundMessage, leadersMessage, type MessageQuery } from './message-query.js'
import type { StoredMessage } from './messages.js'
import type { Settings } from './options.js'
import { streamConfig } from './stream-config.js'
import { infoOrCreate } from './stream-creation.js'
import { type StreamSnapshot, type StreamState, stateOf } from './stream-state.js'
import type { Subjects } from './subjects.js'

/** How long to wait for a leader that lags behind, in ms. */
const BEHIND_MS = 100

/**
 * How long publishes are rejected after another stream was found to store them too, in ms. Then they are tried again.
 */
const CONTESTED_MS = 30_000

/** The JetStream stream that holds the logs of all channels. */
export class Stream {
  readonly connection: NatsConnection
  readonly subjects: Subjects
  readonly name: string
  readonly timeoutMs: number
  readonly inbox: Inbox
  /** Its last known state. */
  snapshot: StreamSnapshot | undefined
  /** Its last known JetStream domain. */
  domain: string | undefined
  /**
   * Incremented when what is known may be outdated: bells may have been missed, or the stream has a new epoch. What was
   * read before must be read again.
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

  /** @param onUnfit called when the stream turns out to lack something that a backplane needs, as after an edit */
  constructor(connection: NatsConnection, subjects: Subjects, settings: Settings, onUnfit: () => void) {
    this.connection = connection
    this.subjects = subjects
    this.name = settings.stream
    this.timeoutMs = settings.timeoutMs
    this.#livenessProbe = new LivenessProbe(connection, settings.timeoutMs)
    this.inbox = new Inbox(connection, {
      timeoutMs: settings.timeoutMs,
      onSilence: () => void this.#livenessProbe.probe(),
      // Our stream has answered this publish already. A second reply to a read has headers.
      onStray: (reply) => reply.headers === undefined && this.answerOf(reply),
    })
    this.#settings = settings
    this.#onUnfit = onUnfit
  }

  /** The error that says which other stream also stores our publishes; undefined if none is known. */
  get contested(): SseError | undefined {
    return this.#contest !== undefined && performance.now() < this.#contest.until ? this.#contest.error : undefined
  }

  /** Parses a reply to a publish. */
  answerOf(reply: Msg): Answer {
    const answer = answerOf(reply, this)
    if (answer.kind === 'refused' && answer.isElsewhere === true) {
      this.#contest = { error: answer.error, until: performance.now() + CONTESTED_MS }
    }
    return answer
  }

  /** Discards the cached state and rejects pending requests: the connection was lost. */
  invalidate(): void {
    const error = new SseError('ERR_SSE_BACKPLANE', 'the NATS connection was lost')
    this.snapshot = undefined
    this.generation += 1
    this.#refreshing = new Coalescer()
    this.#livenessProbe.reset()
    this.inbox.abandon(error)
    for (const abandon of this.#questions) abandon(error)
  }

  /**
   * Rejects the pending requests to a subject that the user may not publish to. Returns the error if that subject reads
   * or creates the stream itself.
   */
  refuse(subject: string, cause: Error): SseError | undefined {
    const error = this.inbox.refuse(subject, cause)
    if (!['INFO', 'CREATE'].some((verb) => subject.endsWith(`.STREAM.${verb}.${this.name}`))) return undefined
    for (const abandon of this.#questions) abandon(error)
    return error
  }

  /** The answer to a request of the client. Rejects if the connection is lost, since then the answer never comes. */
  rejectOnDisconnect<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#questions.add(reject)
      answer.then(resolve, reject).finally(() => this.#questions.delete(reject))
    })
  }

  /** Reads the current state. Creates the stream if it does not exist. */
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

  /** Reads the state again if it is older than that, since others may have edited the stream. Never rejects. */
  refreshIfStale(everyMs: number): void {
    if (this.snapshot !== undefined && performance.now() - this.#lookedAt > everyMs) this.refresh().catch(() => {})
  }

  /** A message of this epoch was read, acknowledged, or heard after one that was. */
  noteSequence(sequence: number): void {
    this.#epochs.noteSequence(sequence)
  }

  /** The stream has another message under a known sequence: `epoch` is over, and a new one has begun. */
  startNewEpoch(epoch: string): void {
    if (this.snapshot?.epoch !== epoch) return
    this.#epochs.startNewEpoch()
    this.snapshot = this.#epochs.snapshotOf(this.snapshot, this.#epochs.seen)
    this.generation += 1
  }

  /** The client's JetStream manager, created on first use. It opens the inbox. */
  async manager(): Promise<JetStreamManager> {
    const { domain } = this.#settings
    // The first request shows whether there is a JetStream.
    const options = { checkAPI: false, timeout: this.timeoutMs, ...(domain === undefined ? {} : { domain }) }
    this.#manager ??= await jetstreamManager(this.connection, options)
    this.inbox.open(this.#manager.getOptions().watcherPrefix)
    return this.#manager
  }

  /**
   * The newest message of a subject.
   *
   * @param isSure false: from any server, which may lag a little
   */
  last(subject: string, isSure = true): Promise<StoredMessage | undefined> {
    return this.#get({ last_by_subj: subject }, isSure)
  }

  /** The oldest message of a subject from a sequence on. */
  next(subject: string, from: number, isSure = true): Promise<StoredMessage | undefined> {
    return this.#get({ next_by_subj: subject, seq: Math.max(1, from) }, isSure)
  }

  /** The message with a sequence, of any channel. */
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

  /** Only the leader is sure to have everything that bells have told of. */
  async #get(query: MessageQuery, isSure = true): Promise<FoundMessage | undefined> {
    const { isReplicated } = this.snapshot ?? (await this.refresh())
    const manager = await this.manager()
    if (!isReplicated || !isSure) return directMessage(this.inbox, manager, this.name, query)
    return this.rejectOnDisconnect(leadersMessage(manager, this.name, query))
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
