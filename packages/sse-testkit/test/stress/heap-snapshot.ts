import { readFile } from 'node:fs/promises'

/** V8's format of heap snapshots: a flat array of numbers, some of which are indexes of strings or names of types. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly [readonly string[]] }
  }
  readonly nodes: readonly number[]
  readonly strings: readonly string[]
}

/** How many things of each kind a heap holds: `object SseConnection`, `closure onDrain`. */
export type Counts = ReadonlyMap<string, number>

/** Counts what is in a snapshot that V8 has written. */
export async function countByKind(file: string): Promise<Counts> {
  const { snapshot, nodes, strings } = JSON.parse(await readFile(file, 'utf8')) as Snapshot
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [type, name] = [fields.indexOf('type'), fields.indexOf('name')]
  const counts = new Map<string, number>()
  for (let node = 0; node < nodes.length; node += fields.length) {
    const what = types[0][nodes[node + type] as number] as string
    // The name of a string is its content.
    const kind = what.endsWith('string') ? what : `${what} ${strings[nodes[node + name] as number]}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}
