import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { JEST } from '../jest.mjs'

/** @typedef {import('./mutant.mjs').Mutant} Mutant */

/** How long Jest may take. A mutant may make it hang, which counts as noticed. */
const TIMEOUT_MS = 300_000

/** A copy of the code and its tests to which mutants are applied. The working tree is not touched. */
export class Tree {
  /** @type {string} */
  #root

  static copy() {
    const root = mkdtempSync(join(tmpdir(), 'ssekit-mutants-'))
    for (const file of ['package.json', 'jest.config.ts', 'scripts'])
      cpSync(file, join(root, file), { recursive: true })
    symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'), 'dir')
    for (const name of readdirSync('packages')) {
      const from = join('packages', name)
      const to = join(root, from)
      for (const part of ['package.json', 'src', 'test']) {
        if (existsSync(join(from, part))) cpSync(join(from, part), join(to, part), { recursive: true })
      }
      const modules = join(process.cwd(), from, 'node_modules')
      if (existsSync(modules)) symlinkSync(modules, join(to, 'node_modules'), 'dir')
    }
    return new Tree(root)
  }

  /** @param {string} root */
  constructor(root) {
    this.#root = root
  }

  remove() {
    rmSync(this.#root, { recursive: true, force: true })
  }

  /**
   * Applies a mutant, and runs its tests until one of them fails.
   *
   * @param {Mutant} mutant
   * @returns {Promise<string | undefined>} the name of the first test that failed; undefined if none did
   */
  async killerOf(mutant) {
    const path = join(this.#root, 'packages', mutant.file)
    const sound = readFileSync(path, 'utf8')
    // A function, because `$` is special in a replacement string.
    writeFileSync(
      path,
      sound.replace(mutant.from, () => mutant.to),
    )
    try {
      for (const tests of mutant.tests) {
        const [killer] = await this.redTests([tests], 1)
        if (killer !== undefined) return killer
      }
      return undefined
    } finally {
      writeFileSync(path, sound)
    }
  }

  /**
   * @param {readonly string[]} tests parts of paths, as regular expressions
   * @param {number} enough how many failures to wait for
   * @returns {Promise<string[]>} the names of the tests that failed
   */
  async redTests(tests, enough = Number.POSITIVE_INFINITY) {
    // This flag comes last, since Jest takes every word after it as another reporter.
    const reporter = '--reporters=<rootDir>/scripts/mutants/red-reporter.mjs'
    const jest = spawn(process.execPath, [...JEST, ...tests, '--runInBand', '--silent', reporter], {
      cwd: this.#root,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    /** @type {string[]} */
    const red = []
    /** @type {string | undefined} */
    let broken
    const timer = setTimeout(() => {
      red.push('(the tests did not end)')
      jest.kill('SIGKILL')
    }, TIMEOUT_MS)
    createInterface({ input: jest.stdout }).on('line', (line) => {
      // Other lines are printed by the tests.
      if (!line.startsWith('{"red"') && !line.startsWith('{"broken"')) return
      /** @type {{ red?: string, broken?: string }} */
      const news = JSON.parse(line)
      if (news.red !== undefined) red.push(news.red)
      broken ??= news.broken
      if (red.length >= enough || broken !== undefined) jest.kill('SIGKILL')
    })
    const code = await new Promise((resolve) => {
      jest.on('close', resolve)
    })
    clearTimeout(timer)
    // Killed by a signal that is not ours: without one of the limits, the tests used up all memory.
    if (code === null && red.length === 0 && broken === undefined) red.push('(the tests were killed)')
    // A test file that cannot be loaded proves nothing.
    if (broken !== undefined) throw new Error(broken)
    if (code !== 0 && red.length === 0) throw new Error(`Jest could not run ${tests.join(' ')}: it ended with ${code}`)
    return red
  }
}
