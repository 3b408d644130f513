import { JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import { insist } from './insist.js'
import type { streamConfig } from './stream-config.js'

const STREAM_NOT_FOUND = 10_059
/** What is said of a stream that others have made meanwhile: by its name, or by its subjects where that is seen first. */
const MADE_BY_OTHERS = [10_058, 10_065]

type Config = ReturnType<typeof streamConfig>

/**
 * What the server says of the stream, which is made if there is none.
 *
 * @param signal nobody waits for it any more
 */
export async function infoOrMade(manager: JetStreamManager, config: Config, signal: AbortSignal): Promise<StreamInfo> {
  try {
    return await insist(() => begun(manager.streams.info(config.name)), signal)
  } catch (error) {
    if (!hasCode(error, STREAM_NOT_FOUND)) throw error
  }
  return made(manager, config, signal)
}

/** Asks for it once, since a cluster may make it twice else, and looks whether it is there: others may be at it too. */
function made({ streams }: JetStreamManager, config: Config, signal: AbortSignal): Promise<StreamInfo> {
  const making = begun(streams.add(config)).catch((error: unknown) => {
    if (!MADE_BY_OTHERS.some((code) => hasCode(error, code))) throw error
    // If there is none of its name, others have its subjects.
    return begun(streams.info(config.name)).catch(() => {
      throw error
    })
  })
  let isFirst = true
  return insist(() => {
    if (isFirst) {
      isFirst = false
      return making
    }
    return begun(streams.info(config.name)).catch(() => new Promise<never>(() => {}))
  }, signal)
}

/** Never comes for a stream that is being made, which the server says was made in the year 1: another life, it would seem. */
async function begun(answer: Promise<StreamInfo>): Promise<StreamInfo> {
  const info = await answer
  return info.created.startsWith('0001-') ? new Promise<never>(() => {}) : info
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code
}
