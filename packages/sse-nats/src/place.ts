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
