import { setTimeout as wait } from 'node:timers/promises'
import { JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import { repeatUntilAnswered } from './repeat-until-answered.js'
import type { streamConfig } from './stream-config.js'

const STREAM_NOT_FOUND = 10_059
/** What is said of a stream that others have made meanwhile: by its name, or by its subjects where that is seen first. */
const MADE_BY_OTHERS = [10_058, 10_065]

/** While it is being made, how often to look whether it is there, in ms: others may be at it too. */
const LOOK_MS = 250

type Config = ReturnType<typeof streamConfig>

/**
 * What the server says of the stream, which is made if there is none.
 *
 * @param signal nobody waits for it any more
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
    // If there is none of its name still, others have its subjects.
    if (refusal !== undefined) throw refusal
    // One request at a time: of two a cluster may make two. What it answers is not all that there is to know, as the domain.
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

/** Never comes for a stream that is being made, which the server says was made in the year 1: another life, it would seem. */
async function begun(answer: Promise<StreamInfo>): Promise<StreamInfo> {
  const info = await answer
  return info.created.startsWith('0001-') ? new Promise<never>(() => {}) : info
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code
}
