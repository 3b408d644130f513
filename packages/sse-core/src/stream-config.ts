import { Encoder } from './encoder.js'
import type { LineEnding } from './event.js'
import type { HeartbeatWheel } from './heartbeat.js'
import type { SseManager } from './manager.js'
import type { FailureListener } from './options.js'
import type { Packet } from './packet.js'
import type { ResolvedSettings } from './settings.js'

/** What a stream's config are made of. */
export interface StreamConfigOptions {
  readonly settings: ResolvedSettings
  readonly manager: SseManager | undefined
  readonly wheel: HeartbeatWheel | undefined
  readonly report: (error: unknown) => void
  readonly eol: LineEnding | undefined
  readonly onFailure: FailureListener | undefined
}

/** Where the config are kept that streams share. */
export interface ConfigHolder {
  /** Those of most streams, which ask for nothing of their own. */
  config?: StreamConfig | undefined
  /** Those of routes that ask for something, which mostly is the same for all of their streams. */
  otherConfigs?: StreamConfig[] | undefined
}

/** What holds for a stream: the same object for all streams of a channel that ask for the same. */
export class StreamConfig {
  readonly settings: ResolvedSettings
  /** Whose connections they are. */
  readonly manager: SseManager | undefined
  /** Beats for those that are idle; undefined if nothing does. */
  readonly wheel: HeartbeatWheel | undefined
  /** Hears of what reaches nobody else. */
  readonly report: (error: unknown) => void
  /** Hears of what would else reject the promise of the response. */
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
