import { Encoder } from './encoder.js'
import type { LineEnding } from './event.js'
import type { HeartbeatWheel } from './heartbeat.js'
import type { SseManager } from './manager.js'
import type { FailureListener } from './options.js'
import type { Packet } from './packet.js'
import type { ErrorListener } from './report.js'
import type { ResolvedSettings } from './settings.js'

/** What a stream's config is made of. */
export interface StreamConfigOptions {
  readonly settings: ResolvedSettings
  readonly manager: SseManager | undefined
  readonly wheel: HeartbeatWheel | undefined
  readonly report: ErrorListener
  readonly eol: LineEnding | undefined
  readonly onFailure: FailureListener | undefined
}

/** Where configs that streams share are kept. */
export interface ConfigHolder {
  /** The config of most streams, which have no options of their own. */
  config?: StreamConfig | undefined
  /** Configs of routes with options of their own, which are mostly the same for all streams of a route. */
  otherConfigs?: StreamConfig[] | undefined
}

/** What holds for a stream: one object for all streams of a channel that have the same options. */
export class StreamConfig {
  readonly settings: ResolvedSettings
  /** The manager of the connections. */
  readonly manager: SseManager | undefined
  /** Sends heartbeats to idle connections; undefined if they get none. */
  readonly wheel: HeartbeatWheel | undefined
  /** Called with errors that reach no other handler. */
  readonly report: ErrorListener
  /** Called with errors that would otherwise reject the promise of the response. */
  readonly onFailure: FailureListener | undefined
  readonly encoder: Encoder
  /** What every stream begins with. */
  readonly preamble: Packet

  constructor({ settings, manager, wheel, report, eol = '\n', onFailure }: StreamConfigOptions) {
    this.settings = settings
    this.manager = manager
    this.wheel = wheel
    this.report = report
    this.onFailure = onFailure
    this.encoder = new Encoder(eol, settings.maxEventBytes)
    this.preamble = this.encoder.packet(`retry: ${settings.retryMs}\n\n`, 0)
  }
}
