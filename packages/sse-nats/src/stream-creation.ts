import { setTimeout as wait } from 'node:timers/promises'
import { JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import { repeatUntilAnswered } from './repeat-until-answered.js'
import type { streamConfig } from './stream-config.js'

const STREAM_NOT_FOUND = 10_059
/**
 * The errors for a stream that others have created meanwhile: by its name, or by its subjects where those are checked
 * first.
 */
const MADE_BY_OTHERS = [10_058, 10_065]

/** How often to look for the stream while it is being created, in ms: other nodes may be creating it too. */
const LOOK_MS = 250

type Config = ReturnType<typeof streamConfig>

/**
 * The server's info on the stream, which is created if it does not exist.
 *
 * @param signal aborted when nobody waits for it any more
 */
export async function infoOrCreate(
  { streams }: JetStreamManager,
  config: Config,
  signal: AbortSignal,
): Promise<StreamInfo> {
  let making: Promise<unknown> | undefined
  let refusal: unknown
  for (;;) {
    try {
      return await repeatUntilAnswered(() => begun(streams.info(config.name)), signal)
    } catch (error) {
      if (!hasCode(error, STREAM_NOT_FOUND)) throw error
    }
    // There is still none of that name, so the subjects belong to another stream.
    if (refusal !== undefined) throw refusal
    // One request at a time: a cluster may create two of two. Its answer lacks the domain, so that the info is
    // requested after it.
    making ??= streams.add(config).then(
      () => {
        making = undefined
      },
      (error: unknown) => error,
    )
    refusal = await Promise.race([making, wait(LOOK_MS, undefined, { ref: false })])
    if (refusal !== undefined && !MADE_BY_OTHERS.some((code) => hasCode(refusal, code))) throw refusal
  }
}

/**
 * Never settles for a stream that is being created. The server gives its creation time as year 1, which would look like
 * another epoch.
 */
async function begun(answer: Promise<StreamInfo>): Promise<StreamInfo> {
  const info = await answer
  return info.created.startsWith('0001-') ? new Promise<never>(() => {}) : info
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code
}
