import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * The installed Chromium that browser tests drive: `$CHROMIUM` if set, else the first one on PATH.
 *
 * @returns {string | undefined}
 */
export function findChromium() {
  if (process.env.CHROMIUM !== undefined) return process.env.CHROMIUM
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

/** Sees to it that browser tests can run: they fail without a browser, since a skipped test looks like a passed one. */
export function ensureChromium() {
  if (findChromium() === undefined && isRootOnDebian()) {
    // Whether that worked shows below: what counts is the browser.
    const stdio = /** @type {import('node:child_process').StdioOptions} */ (['ignore', 'ignore', 'inherit'])
    spawnSync('apt-get', ['update'], { stdio })
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { stdio })
  }
  if (findChromium() === undefined) {
    console.error('The browser tests need Chromium or Chrome: install it, or set CHROMIUM to its executable.')
    process.exit(1)
  }
}

function isRootOnDebian() {
  return process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get')
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
