import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { cutRegion, pages, readBlocks } from '../../../scripts/docs-blocks.mjs'

describe.each(pages())('the page %s', (page) => {
  const text = readFileSync(page, 'utf8')

  test('shows the code that the tests run (`node scripts/docs.mjs` updates it)', () => {
    for (const [place, shown] of readBlocks(text, 'cut')) expect(shown).toBe(cutRegion(place))
  })

  test('links only to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const dead = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [file = '', heading] = link.split('#')
        const target = file === '' ? page : join(dirname(page), file)
        return !existsSync(target) || (heading !== undefined && !headings(target).includes(heading))
      })
    expect(dead).toEqual([])
  })
})

/** The anchors of a page's headings. */
function headings(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('from-python.md has a row for every feature of the four Python libraries', () => {
  const counts = { L: 17, E: 18, C: 10, A: 5 }
  const promised = Object.entries(counts).flatMap(([text, count]) =>
    Array.from({ length: count }, (_, i) => `${text}${i + 1}`),
  )
  const rows = [...readFileSync('docs/from-python.md', 'utf8').matchAll(/^\| ([LECA]\d+) \|/gm)].map(([, row]) => row)
  expect(rows).toEqual(promised)
})
