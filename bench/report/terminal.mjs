import { notesOf, plain, tableOf } from './text.mjs'

/** A comparison for a terminal. @param {import('../comparison.mjs').Comparison} comparison */
export function formatForTerminal(comparison) {
  const lines = tableOf(comparison).map((cells) => cells.map(plain))
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  const rows = lines.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  return [comparison.title, ...rows, ...notesOf(comparison), '', ''].join('\n')
}
