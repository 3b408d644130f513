import { findProgram, installPackage } from './debian.mjs'

/**
 * The installed nginx that the tests put before a server: `$NGINX` if set, else the first one on PATH.
 *
 * @returns {string | undefined}
 */
export function findNginx() {
  return process.env.NGINX ?? findProgram(['nginx'])
}

/** Makes sure that the tests with nginx can run; they fail without it. */
export function ensureNginx() {
  if (findNginx() === undefined) installPackage('nginx')
  if (findNginx() === undefined) {
    console.error('The tests behind a proxy need nginx: install it, or set NGINX to its executable.')
    process.exit(1)
  }
}
