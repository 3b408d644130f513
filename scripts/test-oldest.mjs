// `npm run test:oldest`: the contract tests and the type tests with the oldest peers that our package.json files allow;
// `npm test` uses the newest. `npm run test:oldest -- sse-redis/test/silent` runs other tests with the oldest peers.
import { accessSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { runJest } from './jest.mjs'
import { pnpm } from './pnpm.mjs'
import { ensurePrograms } from './programs.mjs'
import { run, runTool } from './run.mjs'

const folder = resolve('node_modules/.cache/oldest-peers')

const [express4, express5] = promised('express-sse', 'express')
const [koa2, koa3] = promised('koa-sse', 'koa')
/** The peers, by the names under which tests import them. */
const peers = {
  express: express5,
  express4: `npm:express@${express4}`,
  fastify: promised('fastify-sse', 'fastify')[0],
  koa: koa3,
  koa2: `npm:koa@${koa2}`,
  ioredis: promised('sse-redis', 'ioredis')[0],
  redis: promised('sse-redis', 'redis')[0],
  '@nats-io/jetstream': promised('sse-nats', '@nats-io/jetstream')[0],
  '@nats-io/transport-node': promised('sse-nats', '@nats-io/transport-node')[0],
}
const types = {
  '@types/express': promised('express-sse', '@types/express')[0],
  '@types/koa': promised('koa-sse', '@types/koa')[0],
}

// Removed first, since pnpm would prefer an installed version to the lower end of a range that has become wider.
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const overrides = { 'light-my-request>cookie': '^1.1.1' } // See pnpm-workspace.yaml.
write('package.json', { private: true, dependencies: { ...peers, ...types }, pnpm: { overrides } })
const flags = ['--ignore-workspace', '--no-lockfile', '--prefer-offline', '--loglevel=error']
pnpm([...flags, '--dir', folder, '--config.resolution-mode=lowest-direct', 'install'])
for (const name of Object.keys({ ...peers, ...types })) console.log(`${name} ${manifest(name).version}`)

run(process.execPath, ['scripts/build.mjs'])
checkTypes()

ensurePrograms(['redis', 'nats'])
const standIns = Object.keys(peers).map((name) => [`^${name}$`, createRequire(join(folder, 'any.js')).resolve(name)])
process.env.SSEKIT_STAND_INS = JSON.stringify(Object.fromEntries(standIns))
const words = process.argv.slice(2)
const contracts = [
  '(express|fastify|koa)-sse/test/',
  'sse-redis/test/(contract|managers|client-options).test',
  'sse-nats/test/contract',
]
runJest(words.length > 0 ? words : contracts)

/** Checks that our built declarations compile with those of the oldest peers, and reject the same mistakes. */
function checkTypes() {
  const declarations = {
    express: '@types/express/index.d.ts',
    fastify: 'fastify/fastify.d.ts',
    ioredis: 'ioredis/built/index.d.ts',
    koa: '@types/koa/index.d.ts',
    redis: 'redis/dist/index.d.ts',
  }
  /** @type {Record<string, string[]>} */
  const paths = { '@ssekit/*': [resolve('packages/*/dist/esm/index.d.ts')] }
  for (const [name, file] of Object.entries(declarations)) {
    const path = join(folder, 'node_modules', file)
    // TypeScript would silently look elsewhere for a missing file.
    accessSync(path)
    paths[name] = [path]
  }
  write('tsconfig.json', {
    extends: resolve('tsconfig.base.json'),
    files: ['express-sse', 'fastify-sse', 'koa-sse', 'sse-redis'].map((name) =>
      resolve(`packages/${name}/test/types.test-d.ts`),
    ),
    compilerOptions: {
      paths,
      composite: false,
      isolatedDeclarations: false,
      noEmit: true,
      // Our declarations must resolve everything that they import.
      skipLibCheck: false,
      typeRoots: [resolve('node_modules/@types')],
    },
  })
  runTool('typescript/bin/tsc', ['--project', folder])
}

/**
 * The version ranges of a peer that a package allows, oldest first.
 *
 * @param {string} name
 * @param {string} peer
 * @returns {string[]}
 */
function promised(name, peer) {
  const { peerDependencies } = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'))
  return peerDependencies[peer].split(' || ')
}

/** @param {string} name */
function manifest(name) {
  return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'))
}

/**
 * @param {string} file
 * @param {unknown} content
 */
function write(file, content) {
  writeFileSync(join(folder, file), JSON.stringify(content))
}
