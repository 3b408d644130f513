// Checks the packages as npm would publish them: rebuilds, packs and lints them, and installs them in a project outside
// the workspace, where a dependency that is missing from a package.json cannot be found.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
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

// Also where `module-sync` is not honoured, and adapters have two copies, there is one core.
const adapters = ['@ssekit/express-sse', '@ssekit/fastify-sse', '@ssekit/koa-sse']
write('required.cjs', `module.exports = [${adapters.map((name) => `require('${name}')`).join(', ')}]`)
write(
  'mixed.mjs',
  `
    import { equal } from 'node:assert/strict'
    import * as core from '@ssekit/sse-core'
    import required from './required.cjs'
    ${adapters.map((name, index) => `import * as package${index} from '${name}'`).join('\n')}
    for (const adapter of [${adapters.map((_name, index) => `package${index}`).join(', ')}, ...required]) {
      for (const name of Object.keys(core)) equal(adapter[name], core[name], name)
    }`,
)
run(process.execPath, ['--no-experimental-require-module', 'mixed.mjs'], { cwd: consumer })
await runBundle('mixed.mjs', 'cjs')
// Into an ES module esbuild can put no CommonJS that requires Node's own modules.
write('core.mjs', "export * from '@ssekit/sse-core'")
await runBundle('core.mjs', 'esm')

// A channel of CommonJS code is one for ES modules too, and the other way round.
write(
  'required.cts',
  `
    import { SseChannel } from '@ssekit/sse-core'
    export const news: SseChannel<{ notice: string }> = new SseChannel('news')
    export const end = (channel: SseChannel): Promise<void> => channel.end()`,
)
write(
  'mixed.mts',
  `
    import { merge, SseChannel } from '@ssekit/sse-core'
    import { end, news } from './required.cjs'
    export const same: SseChannel<{ notice: string }> = news
    export const all = [merge(new SseChannel('news'), news), end(new SseChannel('news'))]`,
)
const program = Object.keys(tarballs).map((name, index) => `export * as package${index} from '${name}'`)
write('imports.mts', program.join('\n'))
write('requires.cts', program.join('\n'))
// Without skipLibCheck, so that our declarations must resolve everything that they import.
const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node']
for (const files of [['imports.mts'], ['requires.cts'], ['imports.mts', 'requires.cts', 'mixed.mts']]) {
  run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...flags, ...files], { cwd: consumer })
}

/**
 * @param {string} entry
 * @param {'cjs' | 'esm'} format
 */
async function runBundle(entry, format) {
  const outfile = join(consumer, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`)
  await build({ entryPoints: [join(consumer, entry)], outfile, format, bundle: true, platform: 'node' })
  run(process.execPath, [outfile])
}

/**
 * @param {string} file
 * @param {string} content
 */
function write(file, content) {
  writeFileSync(join(consumer, file), content)
}
