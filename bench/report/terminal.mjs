import { cellsOf } from './table.mjs'

/**
 * A comparison as text for a terminal.
 *
 * @param {import('../comparison.mjs').Comparison} comparison
 */
export function formatForTerminal(comparison) {
  const heading = ['', comparison.quantity, 'ratio', 'in all rounds']
  const lines = [heading, ...cellsOf(comparison)].map((cells) => cells.map((cell) => cell.replace(/\*\*|`/g, '')))
  const widths = heading.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  const text = lines.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  const { clientShare, leftOut } = comparison
  const notes = leftOut.map((reason) => `left out: ${reason}`)
  if (clientShare) notes.push(`the load client took up to ${Math.round(clientShare * 100)} % of a CPU`)
  return [comparison.title, ...text.map((line) => line.trimEnd()), ...notes, '', ''].join('\n')
}
