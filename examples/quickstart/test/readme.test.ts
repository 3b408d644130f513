import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'

test.each(['express', 'fastify', 'koa', 'http'])(
  'the README shows exactly the %s quickstart that is tested here',
  async (name) => {
    const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8')
    const code = await readFile(new URL(`../${name}.mjs`, import.meta.url), 'utf8')
    expect(readme).toContain(`\`\`\`js\n${code}\`\`\``)
  },
)
