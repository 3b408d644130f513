import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Counts } from './heap-snapshot.js'

/** The names of the core's classes. */
export async function ourClasses(): Promise<string[]> {
  const folder = fileURLToPath(new URL('../../../sse-core/src', import.meta.url))
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const sources = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
  return sources.flatMap((source) => [...source.matchAll(/^(?:export )?class (\w+)/gm)].map(([, name = '']) => name))
}

/** How many instances of a class there are; the bundler prefixes the name of a class that refers to itself with `_`. */
export function instancesOf(name: string, counts: Counts): number {
  return (counts.get(`object ${name}`) ?? 0) + (counts.get(`object _${name}`) ?? 0)
}
