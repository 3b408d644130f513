/** @param {readonly number[]} values */
export function median(values) {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}

/**
 * @param {ArrayLike<number>} sorted
 * @param {number} share from 0 to 1
 */
export function quantile(sorted, share) {
  const place = (sorted.length - 1) * share
  const low = sorted[Math.floor(place)] ?? Number.NaN
  const high = sorted[Math.ceil(place)] ?? Number.NaN
  return low + (high - low) * (place % 1)
}
