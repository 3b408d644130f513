// The programs that tests start and npm does not install.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { installPackage } from './debian.mjs'

const programs = {
  chromium: {
    variable: 'CHROMIUM',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    debianPackage: 'chromium',
  },
  nginx: { variable: 'NGINX', names: ['nginx'], debianPackage: 'nginx' },
  redis: { variable: 'REDIS_SERVER', names: ['redis-server', 'valkey-server'], debianPackage: 'redis-server' },
  nats: { variable: 'NATS_SERVER', names: ['nats-server'], debianPackage: 'nats-server' },
}

/** @typedef {keyof typeof programs} Program */

/**
 * The executable of a program: the one that its variable names, else the first one on PATH, or in the folder where Debian
 * puts programs for root.
 *
 * @param {Program} program
 * @returns {string | undefined}
 */
export function findProgram(program) {
  const { variable, names } = programs[program]
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return (
    process.env[variable] ?? names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
  )
}

/**
 * Makes sure that tests can start these programs. They fail without them, since a skipped test looks like a passed one.
 *
 * @param {readonly Program[]} needed
 */
export function ensurePrograms(needed) {
  for (const program of needed) if (findProgram(program) === undefined) installPackage(programs[program].debianPackage)
  const obstacles = needed.map(obstacleTo).filter((obstacle) => obstacle !== undefined)
  for (const obstacle of obstacles) console.error(obstacle)
  if (obstacles.length > 0) process.exit(1)
}

/**
 * Why a program cannot be started; undefined if it can.
 *
 * @param {Program} program
 */
function obstacleTo(program) {
  const { variable, names } = programs[program]
  const executable = findProgram(program)
  if (executable === undefined) {
    return `The tests need ${names.join(' or ')}: install it, or set ${variable} to its executable.`
  }
  return isExecutable(executable) ? undefined : `${variable} is '${executable}', which is not an executable file.`
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
