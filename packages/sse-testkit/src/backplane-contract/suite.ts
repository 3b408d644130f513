import type { Backplane, HistoryLimits } from '@ssekit/sse-core'
import type { Hearing } from './hearing.js'

/** What a backplane is proven with. */
export interface BackplaneSuite {
  /** Declares a test: that of Jest, Vitest or `node:test`. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /**
   * Backplanes as so many processes would have them, on one log that they share; a new log for each call. The suite closes
   * the backplanes that it was given; what else was opened for them (clients, brokers) is closed by the subject.
   */
  readonly nodes: NodesFactory
  /**
   * Cuts the nodes off from their broker and resolves when they may be on it again, nothing of its data lost.
   * Without it the scenarios of lost connections are left out.
   */
  readonly interrupt?: ((nodes: readonly Backplane[]) => Promise<void>) | undefined
  /**
   * How many subscriptions the broker has of these nodes, all together; asked after they were closed, too. Without it, or without
   * `interrupt`, the scenario that counts them is left out.
   */
  readonly subscriptions?: ((nodes: readonly Backplane[]) => Promise<number>) | undefined
  /** Takes the broker its data, as a restart without any would. Without it the scenarios of lost data are left out. */
  readonly wipe?: ((nodes: readonly Backplane[]) => Promise<void>) | undefined
  /**
   * How long a scenario waits for what must happen, in ms. With less than your runner's own limit, a failure says what was
   * missing. @defaultValue 4_000
   */
  readonly patienceMs?: number | undefined
}

/**
 * Makes the nodes of one test.
 *
 * @param count how many
 * @param history what the shared log keeps of each channel; it may keep more, but not everything. Default: its default,
 * which is 100 events at least.
 */
export type NodesFactory = (count: number, history?: HistoryLimits) => Promise<readonly Backplane[]>

/** What the scenarios of one topic need of the suite. */
export interface Scenarios {
  readonly test: BackplaneSuite['test']
  /** Runs a scenario on fresh nodes, and closes them. */
  readonly onNodes: (
    count: number,
    scenario: (...nodes: readonly Backplane[]) => Promise<void>,
    history?: HistoryLimits,
  ) => () => Promise<void>
  /** Subscribes to the newest `last` entries (default 0) and all later ones; resolves once live. */
  readonly hear: (backplane: Backplane, channel: string, last?: number, maxBytes?: number) => Promise<Hearing>
  /** Waits until a number at the broker is so. Rejects if it does not come about. */
  readonly until: (count: () => Promise<number>, expected: number, what: string) => Promise<void>
}
