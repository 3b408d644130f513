import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { formatPage } from './page.mjs'
import { drawBars } from './plot.mjs'

const DOCS = new URL('../../docs/', import.meta.url)
const IMAGES = new URL('images/bench/', DOCS)

/** Writes the page, its pictures and the raw figures. @param {import('./page.mjs').Run} run */
export function publish(run) {
  const pictures = run.results.flatMap(({ id, comparisons }) => {
    const shown = comparisons.filter(({ plot, entries }) => plot !== undefined && entries.length > 0)
    const [{ plot } = {}] = shown
    return plot === undefined ? [] : [{ id, svg: drawBars(shown, plot) }]
  })
  const page = formatPage(run, new Set(pictures.map(({ id }) => id)))
  rmSync(IMAGES, { recursive: true, force: true })
  mkdirSync(IMAGES, { recursive: true })
  for (const { id, svg } of pictures) writeFileSync(new URL(`${id}.svg`, IMAGES), svg)
  writeFileSync(new URL('benchmarks.json', DOCS), `${JSON.stringify(run, undefined, 2)}\n`)
  writeFileSync(new URL('benchmarks.md', DOCS), page)
}
