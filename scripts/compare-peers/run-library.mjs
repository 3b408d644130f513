// Runs all probes on one library: `node --expose-gc run-library.mjs <name> <folder of the peers>`. Sends the cells by row
// to its parent process, and exits without closing servers and clients that are still open.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { makers } from './peers.mjs'
import { rows } from './rows.mjs'

const [, , name = '', folder = '.'] = process.argv
const { resolve } = createRequire(join(folder, 'package.json'))
const make = makers[name]
if (make === undefined) throw new Error(`unknown library: ${name}`)
const library = await make((id) => import(pathToFileURL(resolve(id)).href))

/** @type {Record<string, string>} */
const cells = {}
for (const { id, probe } of rows) {
  const claim = library.claims[id]
  if (claim !== undefined) cells[id] = claim
  else if (probe !== undefined) cells[id] = await probe(library)
}
process.send?.({ cells, notes: library.notes }, () => process.exit())
