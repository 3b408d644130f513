// The generated code blocks of the docs: each follows a comment that says where its content comes from.
import { readdirSync, readFileSync } from 'node:fs'

/** The pages whose blocks are filled, and whose links are tested. */
export function pages() {
  const docs = readdirSync('docs').filter((name) => name.endsWith('.md'))
  const packages = readdirSync('packages').map((name) => `packages/${name}/README.md`)
  return ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`), ...packages]
}

/**
 * Fills every block of one kind on a page: what follows `<!-- kind: name -->` is replaced by the result of
 * `contentOf(name)`.
 *
 * @param {string} page
 * @param {string} kind
 * @param {(name: string) => string} contentOf
 */
export function fillBlocks(page, kind, contentOf) {
  return page.replace(blocks(kind), (_all, head, name, _old, tail) => `${head}${contentOf(name)}\n${tail}`)
}

/**
 * The current contents of the blocks of one kind, by name.
 *
 * @param {string} page
 * @param {string} kind
 * @returns {Map<string, string>}
 */
export function readBlocks(page, kind) {
  return new Map([...page.matchAll(blocks(kind))].map(([, , name = '', content = '']) => [name, content.slice(0, -1)]))
}

/** @param {string} kind */
function blocks(kind) {
  return new RegExp(`(<!-- ${kind}: (\\S+) -->\\n+\`\`\`\\w*\\n)([^]*?)(\`\`\`\\n)`, 'g')
}

/**
 * The text between `// #region name` and `// #endregion name` of a file, without its common indentation.
 *
 * @param {string} place `path/of/file.ts#name`, or `path/of/file.ts` for all of it
 */
export function cutRegion(place) {
  const [file = '', name] = place.split('#')
  const source = readFileSync(file, 'utf8')
  if (name === undefined) return source.trim()
  const lines = source.split('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`)
  const end = lines.findIndex((line) => line.trim() === `// #endregion ${name}`)
  if (start < 0 || end < start) throw new Error(`${file} has no region ${name}`)
  const region = lines.slice(start + 1, end)
  const indents = region.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  const indent = Math.min(...indents)
  return region
    .map((line) => line.slice(indent))
    .join('\n')
    .trim()
}
