import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The facts that can be read from an installed package, by row.
 *
 * @param {string} modules a node_modules folder
 * @param {string} name
 * @returns {Record<string, string>}
 */
export function packageFacts(modules, name) {
  const { version, engines, types } = manifestOf(modules, name)
  const closure = withDependencies(modules, name)
  const bytes = closure.reduce((sum, each) => sum + folderBytes(join(modules, each)), 0)
  return {
    version,
    node: engines?.node ?? 'not stated',
    types: types !== undefined || existsSync(join(modules, name, 'index.d.ts')) ? '✓' : '–',
    dependencies: `${closure.length}, ${Math.round(bytes / 1000)} kB`,
  }
}

/**
 * @param {string} modules
 * @param {string} name
 */
function manifestOf(modules, name) {
  return JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
}

/**
 * The package and all its dependencies, except its peers: the framework is installed anyway.
 *
 * @param {string} modules
 * @param {string} name
 * @param {Set<string>} [found]
 */
function withDependencies(modules, name, found = new Set()) {
  found.add(name)
  for (const dependency of Object.keys(manifestOf(modules, name).dependencies ?? {})) {
    if (!found.has(dependency)) withDependencies(modules, dependency, found)
  }
  return [...found]
}

/** @param {string} folder */
function folderBytes(folder) {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size
  }
  return bytes
}
