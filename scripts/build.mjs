// Compiles packages (ESM and CommonJS) and examples into their dist folders. Takes 0.4 s when everything is up to date.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { buildSync } from 'esbuild'
import { runTool } from './run.mjs'

const require = createRequire(import.meta.url)

for (const name of readdirSync('packages')) {
  // The package is `type: module`; without this, Node and TypeScript would read dist/cjs as ES modules.
  write(`packages/${name}/dist/cjs`, 'package.json', '{"type":"commonjs"}\n')
}

// The core is compiled to CommonJS only. Its ESM entry re-exports that, so that all `import` and `require` in a process
// share one `sseManager`, and channels know each other. The declarations come first: what is compiled imports them.
const core = 'packages/sse-core/dist'
write(`${core}/esm`, 'index.d.ts', "export * from '../cjs/index.js'\n")

runTool('typescript/bin/tsc', ['--build', ...process.argv.slice(2)])

if (existsSync(`${core}/cjs/index.js`)) {
  // By name, since bundlers cannot see what an `export *` of CommonJS contains.
  const names = Object.keys(require(`../${core}/cjs/index.js`)).sort()
  write(`${core}/esm`, 'index.js', `export { ${names.join(', ')} } from '../cjs/index.js'\n`)
  // Bundlers resolve both `import` and `require` by `module`, so there is one copy in a bundle too. It is of ES modules:
  // rollup needs a plugin for CommonJS, and esbuild cannot put into an ES module what requires 'node:http'.
  buildSync({
    entryPoints: ['packages/sse-core/src/index.ts'],
    outfile: `${core}/bundler/index.js`,
    bundle: true,
    platform: 'node',
    target: 'es2022',
    format: 'esm',
  })
}

/**
 * Leaves a file alone that has this content, so that no build or watcher takes it for changed.
 *
 * @param {string} folder
 * @param {string} file
 * @param {string} content
 */
function write(folder, file, content) {
  const path = `${folder}/${file}`
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, content)
}
