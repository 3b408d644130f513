import { generatedId } from './messages.js'

/** A place in the stream where a channel has no entry: before its first one, or behind what is gone. */
export interface Origin {
  readonly sequence: number
  /** A time, in ms since the epoch: what was stored later is behind the place. */
  readonly time: number
}

/**
 * The id of an origin, the same from whatever process. It has no message by which a former life would be known, hence the time: what
 * another life has before that place, it has stored later.
 *
 * @param made when the stream was made
 */
export function originId({ sequence, time }: Origin, made: string): string {
  return generatedId(sequence, `${made}.${Math.max(0, time).toString(36)}`)
}

/** The origin that is told by the parts of a generated id; undefined if it is none of that stream. */
export function originOf(sequence: number, mark: string, made: string): Origin | undefined {
  const [name, time] = mark.split('.')
  if (name !== made || time === undefined) return undefined
  return { sequence, time: Number.parseInt(time, 36) }
}
