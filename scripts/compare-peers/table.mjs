import { rows } from './rows.mjs'

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {Readonly<Record<string, string>>} cells by row
 * @property {Readonly<Record<string, string>>} notes by row, or by row and outcome
 */

/**
 * Formats the columns as a GitHub Markdown table with footnotes.
 *
 * @param {readonly Column[]} columns
 */
export function formatTable(columns) {
  /** @type {string[]} */
  const footnotes = []
  const lines = rows.map(({ id, title }) => {
    const cells = columns.map(({ name, cells, notes }) => {
      const cell = cells[id] ?? '?'
      const note = notes[id] ?? notes[`${id}=${cell}`]
      if (note === undefined) return cell
      footnotes.push(`${footnotes.length + 1}. ${name}: ${note}`)
      return `${cell} <sup>${footnotes.length}</sup>`
    })
    return `| ${[title, ...cells].join(' | ')} |`
  })
  const head = `| ${['', ...columns.map(({ name }) => name)].join(' | ')} |`
  const rule = `|${' --- |'.repeat(columns.length + 1)}`
  return `${[head, rule, ...lines, '', ...footnotes].join('\n')}\n`
}
