/**
 * Estimates π with random darts, a million at a time: work that would block everything else in its thread.
 *
 * @param {number} rounds
 */
export function* estimatePi(rounds) {
  let hits = 0
  for (let round = 1; round <= rounds; round++) {
    for (let dart = 0; dart < 1e6; dart++) if (Math.random() ** 2 + Math.random() ** 2 < 1) hits += 1
    yield { event: 'estimate', data: { round, pi: (4 * hits) / (round * 1e6) } }
  }
}
