// Checks the packages as npm would publish them: rebuilds, packs and lints them, and installs them in a project outside
// the workspace, where a dependency that is missing from a package.json cannot be found.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pnpm } from './pnpm.mjs'
import { run, runTool } from './run.mjs'

const names = readdirSync('packages')

// A renamed source leaves its old output in dist, which must not be published.
for (const name of names) rmSync(`packages/${name}/dist`, { recursive: true, force: true })
run(process.execPath, ['scripts/build.mjs'])

const consumer = mkdtempSync(join(tmpdir(), 'ssekit-consumer-'))
process.once('exit', () => rmSync(consumer, { recursive: true, force: true }))

pnpm(['--loglevel=error', '--filter', './packages/*', 'pack', '--out', join(consumer, '%s.tgz')])
for (const name of names) {
  const tarball = join(consumer, `ssekit-${name}.tgz`)
  runTool('publint/src/cli.js', ['run', '--strict', tarball])
  runTool('@arethetypeswrong/cli/dist/index.js', [
    tarball,
    '--format',
    'ascii',
    '--exclude-entrypoints',
    'package.json',
  ])
}

const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const peers = ['express', 'fastify', 'koa', '@types/express', '@types/koa', '@types/node']
const tarballs = Object.fromEntries(names.map((name) => [`@ssekit/${name}`, `file:ssekit-${name}.tgz`]))
const manifest = {
  dependencies: { ...Object.fromEntries(peers.map((peer) => [peer, devDependencies[peer]])), ...tarballs },
  // The packages depend on each other, at a version that is not published yet.
  pnpm: { overrides: tarballs },
}
writeFileSync(join(consumer, 'package.json'), JSON.stringify(manifest))
pnpm(['--loglevel=error', '--dir', consumer, 'install', '--prefer-offline', '--no-lockfile'])

for (const name of Object.keys(tarballs)) {
  const isOneCopy = `
    import { equal } from 'node:assert/strict'
    import { createRequire } from 'node:module'
    import * as imported from '${name}'
    const required = createRequire(import.meta.resolve('${name}'))('${name}')
    // import and require() must load the same copy: a channel of another copy would not be recognized.
    for (const name of Object.keys(imported)) equal(required[name], imported[name])`
  run(process.execPath, ['--input-type=module', '--eval', isOneCopy], { cwd: consumer })
}

// Without skipLibCheck, so that our declarations must resolve everything that they import.
const program = Object.keys(tarballs).map((name, index) => `export * as package${index} from '${name}'`)
const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node']
for (const file of ['imports.mts', 'requires.cts']) {
  writeFileSync(join(consumer, file), program.join('\n'))
  run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...flags, file], { cwd: consumer })
}
