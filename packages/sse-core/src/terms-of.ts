import type { SseChannel } from './channel.js'
import { channelOf, isChannel, listenOptionsOf } from './channel-source.js'
import { Heartbeats, type HeartbeatWheel } from './heartbeat.js'
import type { SseManager } from './manager.js'
import { MergedSource } from './merge.js'
import type { RespondOptions } from './options.js'
import { warn } from './report.js'
import { resolveSettings } from './settings.js'
import type { SseSource } from './source.js'
import { Terms, type TermsHolder, type TermsOptions } from './terms.js'

/** For streams that belong to no manager and no channel. */
const alone: TermsHolder = {}
const heartbeats = new Heartbeats()
/** How many kinds of terms are kept in one place, beside the usual ones. */
const MAX_OTHER_TERMS = 8

/** The terms of a stream. @throws {RangeError} an option is out of its range */
export function termsOf(source: SseSource, options: RespondOptions): Terms {
  const channel = isChannel(source) ? channelOf(source) : undefined
  const manager = options.manager ?? managerOf(source)
  const { retryMs, maxConnectionAgeMs, eol, onFailure } = options
  // What is asked of `listen()` holds for the response too.
  const listened = isChannel(source) ? listenOptionsOf(source).heartbeatMs : undefined
  const heartbeatMs = options.heartbeatMs ?? listened
  const isUsual = (heartbeatMs ?? retryMs ?? maxConnectionAgeMs ?? eol) === undefined
  const holder = channel ?? manager ?? alone
  const known = holder.terms
  if (isUsual && known !== undefined && known.manager === manager && known.onFailure === onFailure) return known
  const defaults = channel?.settingsUnder(manager) ?? manager?.settings
  const settings = resolveSettings({ heartbeatMs, retryMs, maxConnectionAgeMs }, defaults)
  const asked = { settings, manager, eol, onFailure }
  const same = isUsual ? undefined : holder.otherTerms?.find((terms) => holdFor(terms, asked))
  if (same !== undefined) return same
  const wheel = settings.heartbeatMs === 0 ? undefined : wheelOf(manager ?? channel, settings.heartbeatMs)
  const report = manager?.report ?? channel?.report ?? warn
  const terms = new Terms({ ...asked, wheel, report })
  if (isUsual) holder.terms = terms
  else {
    holder.otherTerms ??= []
    // What routes ask for may come from requests.
    if (holder.otherTerms.push(terms) > MAX_OTHER_TERMS) holder.otherTerms.shift()
  }
  return terms
}

type AskedTerms = Pick<TermsOptions, 'settings' | 'manager' | 'eol' | 'onFailure'>

/** Whether terms are those that are asked for. All else follows from where they are kept. */
function holdFor(terms: Terms, { settings, manager, eol = '\n', onFailure }: AskedTerms): boolean {
  return (
    terms.settings.heartbeatMs === settings.heartbeatMs &&
    terms.settings.retryMs === settings.retryMs &&
    terms.settings.maxConnectionAgeMs === settings.maxConnectionAgeMs &&
    terms.encoder.eol === eol &&
    terms.manager === manager &&
    terms.onFailure === onFailure
  )
}

/** The manager of a source that is a channel of one; of what is merged, that of the first which has one. */
export function managerOf(source: SseSource): SseManager | undefined {
  if (isChannel(source)) return channelOf(source).manager
  if (!(source instanceof MergedSource)) return undefined
  for (const part of source.sources) {
    const manager = managerOf(part)
    if (manager !== undefined) return manager
  }
  return undefined
}

function wheelOf(owner: SseManager | SseChannel | undefined, heartbeatMs: number): HeartbeatWheel {
  return (owner ?? heartbeats).wheel(heartbeatMs)
}
