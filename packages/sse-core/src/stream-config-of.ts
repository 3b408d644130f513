import { channelOf, isChannel, listenOptionsOf } from './channel-source.js'
import { Heartbeats } from './heartbeat.js'
import type { SseManager } from './manager.js'
import { MergedSource } from './merge.js'
import type { RespondOptions } from './options.js'
import { warn } from './report.js'
import { resolveSettings } from './settings.js'
import type { SseSource } from './source.js'
import { type ConfigHolder, StreamConfig, type StreamConfigOptions } from './stream-config.js'

/** For streams that belong to no manager and no channel. */
const alone: ConfigHolder = {}
/** For streams that belong to no manager. */
const heartbeats = new Heartbeats()
/** How many configs a holder keeps besides the usual one. */
const MAX_OTHER_CONFIGS = 8

/** The config of a stream. @throws {RangeError} an option is out of its range */
export function configOf(source: SseSource, options: RespondOptions): StreamConfig {
  const channel = isChannel(source) ? channelOf(source) : undefined
  const manager = options.manager ?? managerOf(source)
  const { retryMs, maxConnectionAgeMs, eol, onFailure } = options
  // An option of `listen()` holds for the response too.
  const listened = isChannel(source) ? listenOptionsOf(source).heartbeatMs : undefined
  // Not `??`, which would take null for the default: it is reported as a mistake.
  const { heartbeatMs = listened } = options
  const isUsual =
    heartbeatMs === undefined && retryMs === undefined && maxConnectionAgeMs === undefined && eol === undefined
  const holder = channel ?? manager ?? alone
  const known = holder.config
  if (isUsual && known !== undefined && known.manager === manager && known.onFailure === onFailure) return known
  const defaults = channel?.settingsUnder(manager) ?? manager?.settings
  const settings = resolveSettings({ heartbeatMs, retryMs, maxConnectionAgeMs }, defaults)
  const asked = { settings, manager, eol, onFailure }
  const same = isUsual ? undefined : holder.otherConfigs?.find((config) => matches(config, asked))
  if (same !== undefined) return same
  const wheel = settings.heartbeatMs === 0 ? undefined : (manager?.heartbeats ?? heartbeats).wheel(settings.heartbeatMs)
  const report = manager?.report ?? channel?.report ?? warn
  const config = new StreamConfig({ ...asked, wheel, report })
  if (isUsual) holder.config = config
  else {
    holder.otherConfigs ??= []
    // Bounded, since a route may take its options from requests.
    if (holder.otherConfigs.push(config) > MAX_OTHER_CONFIGS) holder.otherConfigs.shift()
  }
  return config
}

type AskedConfig = Pick<StreamConfigOptions, 'settings' | 'manager' | 'eol' | 'onFailure'>

/** Whether a config is the one that is asked for. Everything else in it follows from its holder. */
function matches(config: StreamConfig, { settings, manager, eol = '\n', onFailure }: AskedConfig): boolean {
  return (
    config.settings.heartbeatMs === settings.heartbeatMs &&
    config.settings.retryMs === settings.retryMs &&
    config.settings.maxConnectionAgeMs === settings.maxConnectionAgeMs &&
    config.encoder.eol === eol &&
    config.manager === manager &&
    config.onFailure === onFailure
  )
}

/** The manager of a channel; of a merged source, the manager of the first part that has one. */
export function managerOf(source: SseSource): SseManager | undefined {
  if (isChannel(source)) return channelOf(source).manager
  if (!(source instanceof MergedSource)) return undefined
  for (const part of source.sources) {
    const manager = managerOf(part)
    if (manager !== undefined) return manager
  }
  return undefined
}
