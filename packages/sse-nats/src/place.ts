import { generatedId } from './messages.js'

/** A place in a channel's log: behind a message of the stream, in one of the stream's lives. */
export interface Place {
  /** The stream's life; its sequences begin anew with each. */
  readonly epoch: string
  readonly sequence: number
}

export function formatPlace(epoch: string, sequence: number): string {
  return `${epoch}.${sequence}`
}

export function parsePlace(place: string): Place {
  const dot = place.indexOf('.')
  return { epoch: place.slice(0, dot), sequence: Number(place.slice(dot + 1)) }
}

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
export function originId({ sequence, time }: Origin, created: string): string {
  return generatedId(sequence, `${created}.${Math.max(0, time).toString(36)}`)
}

/** The origin that is told by the parts of a generated id; undefined if it is none of that stream. */
export function originOf(sequence: number, mark: string, created: string): Origin | undefined {
  const [name, time] = mark.split('.')
  if (name !== created || time === undefined) return undefined
  return { sequence, time: Number.parseInt(time, 36) }
}
