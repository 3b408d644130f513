const format = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** About half as long as a label under a chart of a minute, in seconds. */
const HALF_A_LABEL_S = 6

/** The time of day. */
export function clock(at: number): string {
  return format.format(at)
}

/**
 * The times of day under a chart, except those that would be cut off at its end, or run into the axis at its beginning.
 * All are in seconds.
 */
export function clocksBetween(first: number, last: number, times: readonly number[]): string[] {
  const fits = (time: number): boolean => time >= first + HALF_A_LABEL_S && time <= last - HALF_A_LABEL_S
  return times.map((time) => (fits(time) ? clock(time * 1000) : ''))
}
