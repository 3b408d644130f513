import type { Backplane, HistoryLimits } from '@ssekit/sse-core'
import type { Recorder } from './recorder.js'

/** What a backplane is tested with. */
export interface BackplaneSuite {
  /** Declares a test: `test` of Jest, Vitest or `node:test`. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /**
   * Creates backplanes as separate processes would have them, all on one shared log; each call uses a new log. The
   * suite closes the backplanes that it gets; whatever else was opened for them (clients, brokers) is up to you to
   * close.
   */
  readonly nodes: NodesFactory
  /**
   * Cuts the nodes off from their broker, without loss of its data, and resolves once they may reconnect. Without it,
   * the scenarios about lost connections are left out.
   */
  readonly interrupt?: ((nodes: readonly Backplane[]) => Promise<void>) | undefined
  /**
   * Resolves with how many subscriptions these nodes have at the broker, in total; also called after they were closed.
   * Without it, or without `interrupt`, the scenario that counts them is left out.
   */
  readonly subscriptions?: ((nodes: readonly Backplane[]) => Promise<number>) | undefined
  /**
   * Deletes the broker's data, as a restart without persistence would. Without it, the scenarios about lost data are
   * left out.
   */
  readonly wipe?: ((nodes: readonly Backplane[]) => Promise<void>) | undefined
  /**
   * How long a scenario waits for an expected event, in ms. Keep it below your runner's own limit, so that a failure
   * says what was missing. @defaultValue 4_000, or the environment variable `SSE_TESTKIT_TIMEOUT_MS`
   */
  readonly patienceMs?: number | undefined
}

/**
 * Makes the nodes of one test.
 *
 * @param count how many
 * @param history what the shared log keeps of each channel; it may keep more, but not everything. By default the
 *   backplane's own default, which is at least 100 events.
 */
export type NodesFactory = (count: number, history?: HistoryLimits) => Promise<readonly Backplane[]>

/** What the scenarios of one topic get from the suite. */
export interface Scenarios {
  readonly test: BackplaneSuite['test']
  /** Runs a scenario on new nodes, and closes them. */
  readonly onNodes: (
    count: number,
    scenario: (...nodes: readonly Backplane[]) => Promise<void>,
    history?: HistoryLimits,
  ) => () => Promise<void>
  /**
   * Subscribes, starting with the newest `last` entries (default 0); all later ones follow. Resolves once the
   * subscription is live.
   */
  readonly record: (backplane: Backplane, channel: string, last?: number, maxBytes?: number) => Promise<Recorder>
  /** Waits until a count at the broker has the expected value. Rejects if it does not in time. */
  readonly until: (count: () => Promise<number>, expected: number, what: string) => Promise<void>
}
