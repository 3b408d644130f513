import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'

/** A public member of an interface or a class. */
interface Member {
  readonly name: string
  readonly type: string
  readonly defaultValue: string | undefined
}

const core = sourcesOf('sse-core')
const page = readFileSync('docs/api.md', 'utf8')
const limits = readFileSync('docs/limits.md', 'utf8')
const exported = [...core.index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
  names
    .split(',')
    .map((name) => name.replace('type ', '').trim())
    .filter((name) => name !== ''),
)
const adapters = ['express-sse', 'fastify-sse', 'koa-sse'].map((name) => sourcesOf(name).index)

describe('docs/api.md', () => {
  test('names everything that the core exports', () => {
    expect(exported).toEqual(expect.arrayContaining(['SseManager', 'SseOptions', 'respond']))
    const words = codeWords(page)
    expect(exported.filter((name) => !words.has(name))).toEqual([])
  })

  test.each([
    ['Express', adapters[0] ?? ''],
    ['Fastify', adapters[1] ?? ''],
    ['Koa', adapters[2] ?? ''],
  ])(
    'names everything that the %s adapter exports, its options, and what it adds to its framework',
    (heading, source) => {
      const names = [...source.matchAll(/^export (?:function|const|interface) (\w+)/gm)].map(([, name = '']) => name)
      const options = names.filter((name) => name.endsWith('Options')).flatMap((name) => membersOf(source, name))
      const added = [...source.matchAll(/^ {4,6}(\w+)(?:\(.*\))?: (?:Promise<CloseReason>|SseChannel|SseManager)$/gm)]
      const all = [...names, ...options.map(({ name }) => name), ...added.map(([, name = '']) => name)]
      expect(all).toEqual(expect.arrayContaining(['sse', 'injectChannel', 'manager', 'sseChannel']))
      const words = codeWords(section(heading))
      expect(all.filter((name) => !words.has(name))).toEqual([])
    },
  )

  // For authors of backplanes: `docs/backplanes.md` and the comments in the code describe these.
  const ofBackplanes = ['Backplane', 'BackplaneSink', 'SubscriptionStart', 'SharedLog', 'LogNews', 'LogStretch']
  const documented = exported.filter((name) => !ofBackplanes.includes(name) && name !== 'PlacedEntry')
  const withMembers = documented.filter((name) => membersOf(core.all, name).length > 0)

  test.each(withMembers)('names every member of %s', (name) => {
    const words = codeWords(section(`\`${name}\``) || page)
    // Limits have a page of their own.
    const known = name === 'ManagerOptions' ? new Set([...words, ...codeWords(limits)]) : words
    const names = membersOf(core.all, name).map((member) => member.name)
    expect(names.filter((member) => !known.has(member))).toEqual([])
  })

  const tables = withMembers.filter((name) => name.endsWith('Options') && section(`\`${name}\``) !== '')

  test('has a table for each kind of options', () => {
    expect(tables).toEqual(expect.arrayContaining(['SseOptions', 'RespondOptions', 'ListenOptions', 'CloseOptions']))
  })

  test.each(tables)('states the type and the default of each option of %s', (name) => {
    const rows = [...section(`\`${name}\``).matchAll(/^\| `(\w+)` \| `(.*?)` \| (.*?) \| /gm)]
    expect(rows.length).toBeGreaterThan(0)
    const members = new Map(membersOf(core.all, name).map((member) => [member.name, member]))
    for (const [, option = '', type = '', defaultValue = ''] of rows) {
      const member = members.get(option)
      // In a table, a pipe must be escaped even in code.
      expect({ option, type: type.replaceAll('\\|', '|') }).toEqual({ option, type: member?.type })
      if (member?.defaultValue !== undefined) expect({ option, defaultValue }).toEqual({ option, ...pick(member) })
    }
  })

  test('has a row for every option of SseOptions, and no other row', () => {
    const rows = [...section('`SseOptions`').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
    expect(rows.sort()).toEqual(
      membersOf(core.all, 'SseOptions')
        .map(({ name }) => name)
        .sort(),
    )
  })
})

function pick({ defaultValue }: Member): Pick<Member, 'defaultValue'> {
  return { defaultValue }
}

function sourcesOf(name: string): { readonly index: string; readonly all: string } {
  const folder = `packages/${name}/src`
  const files = readdirSync(folder).map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
  return { index: readFileSync(`${folder}/index.ts`, 'utf8'), all: files.join('\n') }
}

/** The members of a class or an interface and of its parents, without internal ones; none if it does not exist. */
function membersOf(source: string, name: string): Member[] {
  const [, heritage = '', body = ''] =
    new RegExp(`^export (?:abstract )?(?:class|interface) ${name}\\b([^{]*)\\{\\n([\\s\\S]*?)\\n\\}`, 'm').exec(
      source,
    ) ?? []
  const own = [
    ...body.matchAll(
      /^(?: {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)? {2}(?:readonly |async |get )?(\w+)(?:<.*?>)?\??[(:](.*)$/gm,
    ),
  ]
    .filter(([, comment = '', name]) => !comment.includes('@internal') && name !== 'constructor')
    .map(([, comment = '', name = '', type = '']) => ({
      name,
      type: type.trim().replace(' | undefined', ''),
      defaultValue: /@defaultValue (.*?)\s*$/m.exec(comment)?.[1]?.replace(/ \(.*\)$/, ''),
    }))
  // Without type parameters, which may contain `extends` too.
  const parents = heritage.replace(/^<[^>]*>/, '').replace(/implements.*/, '')
  const picked = [...parents.matchAll(/Pick<(\w+), ([^>]+)>/g)].flatMap(([, parent = '', keys = '']) =>
    membersOf(source, parent).filter((member) => keys.includes(`'${member.name}'`)),
  )
  const whole = parents.replace(/Pick<[^>]+>/g, '').match(/\b[A-Z]\w+/g) ?? []
  // The members of a parent that has a section of its own are described there.
  const inherited = whole.filter((parent) => section(`\`${parent}\``) === '')
  return [...own, ...picked, ...inherited.flatMap((parent) => membersOf(source, parent))]
}

/** The text below a heading, up to the next heading; `''` if there is no such heading. */
function section(heading: string): string {
  const [, text = ''] = page.split(/^#{2,3} /m).flatMap((part) => {
    const [first = '', ...rest] = part.split('\n')
    return first === heading ? ['', rest.join('\n')] : []
  })
  return text
}

/** All words in inline code. */
function codeWords(text: string): Set<string> {
  return new Set([...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.match(/\w+/g) ?? []))
}
