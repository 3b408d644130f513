import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/**
 * Installs the packages given as arguments. Debian starts services as soon as they are installed. The tests start their
 * own, so a policy forbids it meanwhile, unless this machine already has a policy. The shell removes it in any case,
 * also after Ctrl-C.
 *
 * @see https://www.debian.org/doc/debian-policy/ch-opersys.html#interfacing-with-init-systems
 */
const INSTALL = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
fi
apt-get install -y --no-install-recommends "$@"`

/**
 * Installs a package if permitted: as root on Debian. The caller checks whether it worked, by looking for what it
 * needs.
 *
 * @param {string} name
 */
export function installPackage(name) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  const stdio = /** @type {import('node:child_process').StdioOptions} */ (['ignore', 'ignore', 'inherit'])
  spawnSync('apt-get', ['update'], { stdio })
  // Another process may be installing something at the same time.
  const wait = ['-o', 'DPkg::Lock::Timeout=120']
  spawnSync('sh', ['-c', INSTALL, 'install', ...wait, name], { stdio })
}
