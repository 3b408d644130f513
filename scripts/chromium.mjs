import { findProgram, installPackage } from './debian.mjs'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * The installed Chromium that browser tests drive: `$CHROMIUM` if set, else the first one on PATH.
 *
 * @returns {string | undefined}
 */
export function findChromium() {
  return process.env.CHROMIUM ?? findProgram(names)
}

/** Makes sure that browser tests can run. They fail without a browser, since a skipped test looks like a passed one. */
export function ensureChromium() {
  if (findChromium() === undefined) installPackage('chromium')
  if (findChromium() === undefined) {
    console.error('The browser tests need Chromium or Chrome: install it, or set CHROMIUM to its executable.')
    process.exit(1)
  }
}
