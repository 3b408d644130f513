import { ageScenarios } from './ages.js'
import { alreadyRespondedScenarios } from './already-responded.js'
import { channelLimitScenarios } from './channel-limits.js'
import { channelScenarios } from './channels.js'
import { checkpointScenarios } from './checkpoints.js'
import { disconnectScenarios } from './disconnects.js'
import { endingScenarios } from './ending.js'
import { errorAfterHeadersScenarios } from './errors-after-headers.js'
import { errorBeforeHeadersScenarios } from './errors-before-headers.js'
import { eventSizeScenarios } from './event-size.js'
import { everyReasonScenarios } from './every-reason.js'
import { framingScenarios } from './framing.js'
import { functionScenarios } from './functions.js'
import { gapScenarios } from './gaps.js'
import { heartbeatScenarios } from './heartbeat.js'
import { historyLimitScenarios } from './history-limits.js'
import { http2ResetScenarios } from './http2-resets.js'
import { injectionScenarios } from './injection.js'
import { invalidHeaderScenarios } from './invalid-headers.js'
import { isolationScenarios } from './isolation.js'
import { largeRequestHeaderScenarios } from './large-request-headers.js'
import { leftoverScenarios } from './leftovers.js'
import { limitScenarios } from './limits.js'
import { lineEndingScenarios } from './line-endings.js'
import { methodScenarios } from './methods.js'
import { reasonScenarios } from './reasons.js'
import { replayScenarios } from './replay.js'
import { responseHeaderScenarios } from './response-headers.js'
import { rudeClientScenarios } from './rude-clients.js'
import { type Script, scenarioOn, type Test } from './scenario.js'
import { sharedListenScenarios } from './shared-listen.js'
import { sharedSettingScenarios } from './shared-settings.js'
import { shutdownScenarios } from './shutdown.js'
import { shutdownInFilterScenarios } from './shutdown-in-filter.js'
import { slowScenarios } from './slow.js'
import { sourceScenarios } from './sources.js'
import { statsScenarios } from './stats.js'
import { streamBoundScenarios } from './stream-bounds.js'
import type { AdapterTraits, StartServer } from './subject.js'
import { vanishingScenarios } from './vanishing.js'
import { vectorScenarios } from './vectors.js'
import { writePathScenarios } from './write-path.js'

export interface AdapterSuite {
  /** The runner's `test`. It must fail a test during which a rejection is unhandled, as Jest's does. */
  readonly test: Test
  readonly start: StartServer
  readonly traits?: Partial<AdapterTraits> | undefined
}

/**
 * Tests an adapter of a framework: response headers, all kinds of sources, replay and gaps, clients that disconnect at
 * any moment, do not read, or send unusual requests, errors, limits, shutdown.
 *
 * ```ts
 * import { test } from '@jest/globals'
 * import { adapterContract } from '@ssekit/sse-testkit'
 *
 * adapterContract({ test, start: startMyFramework })
 * ```
 */
export function adapterContract({ test, start, traits: own = {} }: AdapterSuite): void {
  const { httpVersion = 1, errors = 'reject', api = 'node', injectsChannels = true, endsStreamsOnClose = false } = own
  const traits: AdapterTraits = { httpVersion, errors, api, injectsChannels, endsStreamsOnClose }
  const script: Script = { scenario: scenarioOn(test, start, traits), traits }
  for (const scenarios of [
    responseHeaderScenarios,
    methodScenarios,
    sourceScenarios,
    functionScenarios,
    channelScenarios,
    sharedListenScenarios,
    replayScenarios,
    gapScenarios,
    checkpointScenarios,
    vectorScenarios,
    endingScenarios,
    lineEndingScenarios,
    heartbeatScenarios,
    reasonScenarios,
    everyReasonScenarios,
    statsScenarios,
    ageScenarios,
    errorBeforeHeadersScenarios,
    alreadyRespondedScenarios,
    invalidHeaderScenarios,
    errorAfterHeadersScenarios,
    disconnectScenarios,
    leftoverScenarios,
    rudeClientScenarios,
    vanishingScenarios,
    http2ResetScenarios,
    largeRequestHeaderScenarios,
    slowScenarios,
    streamBoundScenarios,
    limitScenarios,
    channelLimitScenarios,
    eventSizeScenarios,
    historyLimitScenarios,
    sharedSettingScenarios,
    shutdownScenarios,
    shutdownInFilterScenarios,
    injectionScenarios,
    isolationScenarios,
    framingScenarios,
    writePathScenarios,
  ]) {
    scenarios(script)
  }
}
