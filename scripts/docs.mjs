// Refills the code blocks of the docs, from regions of files that the tests run and from what is sent over the wire.
import { readFileSync, writeFileSync } from 'node:fs'
import { cutRegion, fillBlocks, pages } from './docs-blocks.mjs'
import { runJest } from './jest.mjs'

for (const page of pages()) {
  const before = readFileSync(page, 'utf8')
  const after = fillBlocks(before, 'cut', cutRegion)
  if (after !== before) writeFileSync(page, after)
}

process.env.SSEKIT_WRITE_TRANSCRIPTS = 'yes'
runJest(['protocol-transcripts'])
