// Installs the dependencies unless they are installed, so that `npm start` and `npm test` are enough in a fresh clone.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pnpm } from './pnpm.mjs'

const stampFile = 'node_modules/.setup'

const workspaces = ['packages', 'examples'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
const manifests = ['.', ...workspaces].map((folder) => `${folder}/package.json`).filter((file) => existsSync(file))

const hash = createHash('sha256')
for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests.sort()]) hash.update(readFileSync(file))
const stamp = hash.digest('hex')

if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  pnpm(['install', '--frozen-lockfile'])
  writeFileSync(stampFile, stamp)
}
