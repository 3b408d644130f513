import { generatedId } from './messages.js'

/** A place in a channel's log: after a message of the stream, in one of its epochs. */
export interface Place {
  /** The stream's epoch. Sequences start again with each. */
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

/** A place in the stream where the channel has no entry: before its first one, or after those that have expired. */
export interface Origin {
  readonly sequence: number
  /** A time, in ms since the epoch: whatever was stored later comes after the place. */
  readonly time: number
}

/**
 * The id of an origin, the same on every node. There is no message by which to recognise a former epoch, hence the
 * time: whatever another epoch has before that place was stored later.
 *
 * @param created when the stream was created
 */
export function originId({ sequence, time }: Origin, created: string): string {
  return generatedId(sequence, `${created}.${Math.max(0, time).toString(36)}`)
}

/** The origin that the parts of a generated id name; undefined if it does not belong to that stream. */
export function originOf(sequence: number, mark: string, created: string): Origin | undefined {
  const [name, time] = mark.split('.')
  if (name !== created || time === undefined) return undefined
  return { sequence, time: Number.parseInt(time, 36) }
}
